#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.hpp"

/// Random changes to recordings, anew in each epoch, so that a network sees more of them than there
/// are.
namespace spiketape {

/// How units lie on the sensor: unit = x + width * (y + height * plane).
struct SensorShape {
  std::int64_t width = 0;   ///< 0: a line of all units, such as the channels of a cochlea
  std::int64_t height = 0;  ///< 0: one row
};

/// What may happen to a sample; by default nothing does.
struct AugmentOptions {
  double blend = 0.0;      ///< probability that a sample is blended with another of its class
  double stretch = 0.0;    ///< time runs by a factor drawn from [1 - stretch, 1 + stretch]
  std::int64_t shift = 0;  ///< the sample moves by up to so many units (x and y apart), either way
  double jitter = 0.0;     ///< standard deviation, in steps, by which each event moves in time
  double drop = 0.0;       ///< probability that an event is left out
  bool merge_repeats = true;  ///< events that end up at one step and unit become one
  SensorShape sensor = {};
  std::uint64_t seed = 0;

  /// Whether anything can happen.
  bool any() const;
};

/// A view of another data set whose samples are changed at random, in this order:
///
///     blend     half of the events of each of two samples of a class, the second moved so that
///               both have one centre in time and space (Nowotny, Turner & Knight 2025, section
///               4.2)
///     stretch   step = floor(step * factor)
///     shift     unit moves along the sensor
///     jitter    step moves by round(normal * jitter)
///     drop      the event goes
///
/// Events that leave the recording or the sensor go, too. The result is a pure function of (seed,
/// sample, epoch).
class AugmentedDataset : public Dataset {
 public:
  /// `dataset` must outlive this. Only `samples` are drawn to blend with, so that a sample held out
  /// for validation never reaches the training.
  /// @throws DataError when a probability is not in [0, 1) (blend: [0, 1]), stretch is not in [0,
  /// 1), shift or jitter is negative or not finite, the sensor does not divide the units, or a
  /// sample does not exist.
  AugmentedDataset(const Dataset& dataset,
                   std::span<const std::int64_t> samples,
                   const AugmentOptions& options);
  AugmentedDataset(const Dataset&& dataset,
                   std::span<const std::int64_t> samples,
                   const AugmentOptions& options) = delete;

  std::int64_t size() const override { return dataset_.size(); }
  std::int64_t steps() const override { return dataset_.steps(); }
  std::int64_t neurons() const override { return dataset_.neurons(); }
  std::int64_t classes() const override { return dataset_.classes(); }

  const AugmentOptions& options() const { return options_; }

 private:
  struct Place;
  struct Draw;

  std::int32_t label_of(std::int64_t sample) const override { return dataset_.label(sample); }
  std::span<const StepEvent> events_of(std::int64_t sample,
                                       std::int64_t epoch,
                                       std::vector<StepEvent>& scratch) const override;
  Place place(StepEvent event) const;
  Place centre(std::span<const StepEvent> events) const;
  /// Moves `events` by `draw` and appends what stays to `out`.
  void move(std::span<const StepEvent> events, const Draw& draw, std::vector<StepEvent>& out) const;

  const Dataset& dataset_;
  AugmentOptions options_;
  std::int64_t width_;
  std::int64_t height_;
  std::uint64_t key_;
  std::vector<std::vector<std::int64_t>> of_class_;  ///< the samples of each class
};

}  // namespace spiketape
