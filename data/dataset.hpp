#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "data/events.hpp"

namespace spiketape {

/// Labelled samples, each a list of events on [steps, neurons]. A Loader makes batches of them.
/// Reading is thread-safe: any number of threads may call the const functions at once.
///
/// To add a data set: fill an EventDataset when the events are fixed, or derive from this class
/// when they are drawn anew each epoch (see RateDataset).
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual std::int64_t size() const = 0;     ///< number of samples
  virtual std::int64_t steps() const = 0;    ///< length of every sample, at most kMaxDataSteps
  virtual std::int64_t neurons() const = 0;  ///< number of units, at most kMaxNeurons
  virtual std::int64_t classes() const = 0;  ///< labels are 0 .. classes - 1

  /// @throws DataError when there is no such sample.
  std::int32_t label(std::int64_t sample) const;

  /// The events of a sample, sorted by (step, unit): a view of stored events, or of `scratch` after
  /// encoding into it. Valid until the data set dies or `scratch` changes. `epoch` matters only to
  /// random encoders: the result is a pure function of (data set, sample, epoch). @throws DataError
  /// when there is no such sample.
  std::span<const StepEvent> events(std::int64_t sample,
                                    std::int64_t epoch,
                                    std::vector<StepEvent>& scratch) const;

  /// Writes the events of a sample into `out`, which is cleared first. As events().
  void encode(std::int64_t sample, std::vector<StepEvent>& out, std::int64_t epoch = 0) const;

 protected:
  Dataset() = default;
  Dataset(const Dataset&) = default;
  Dataset& operator=(const Dataset&) = default;
  Dataset(Dataset&&) = default;
  Dataset& operator=(Dataset&&) = default;

 private:
  virtual std::int32_t label_of(std::int64_t sample) const = 0;
  virtual std::span<const StepEvent> events_of(std::int64_t sample,
                                               std::int64_t epoch,
                                               std::vector<StepEvent>& scratch) const = 0;
  void check_sample(std::string_view operation, std::int64_t sample) const;
};

/// Checks sizes for a data set called `what` in messages.
/// @throws ShapeError unless 1 <= steps <= kMaxDataSteps, 1 <= neurons <= kMaxNeurons and classes
/// >= 1.
void check_dataset_sizes(std::string_view what,
                         std::int64_t steps,
                         std::int64_t neurons,
                         std::int64_t classes);

}  // namespace spiketape
