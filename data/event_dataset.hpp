#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/buffer.hpp"
#include "data/dataset.hpp"

namespace spiketape {

/// Fixed events of many samples, held compactly: 4 bytes an event and 16 a sample, in large blocks
/// booked under MemoryTag::data. The home of every data set whose events do not change between
/// epochs: latency-coded images, randman, and recordings of event cameras and cochleas.
class EventDataset : public Dataset {
 public:
  /// An empty set. @throws ShapeError when a size is out of range (see check_dataset_sizes).
  EventDataset(std::int64_t steps, std::int64_t neurons, std::int64_t classes);

  /// Adds a sample. Events may come in any order and repeat; they are kept sorted by (step, unit).
  /// @throws DataError when an event lies outside [steps, neurons] or the label outside [0,
  /// classes); names the sample. The set is unchanged then.
  void append(std::span<const StepEvent> events, std::int32_t label);

  std::int64_t size() const override { return static_cast<std::int64_t>(samples_.size()); }
  std::int64_t steps() const override { return steps_; }
  std::int64_t neurons() const override { return neurons_; }
  std::int64_t classes() const override { return classes_; }

  /// Events of all samples together.
  std::int64_t event_count() const { return event_count_; }

 private:
  struct Sample {
    const StepEvent* first = nullptr;  ///< into one of blocks_
    std::uint32_t count = 0;
    std::int32_t label = 0;
  };

  std::int32_t label_of(std::int64_t sample) const override;
  std::span<const StepEvent> events_of(std::int64_t sample,
                                       std::int64_t epoch,
                                       std::vector<StepEvent>& scratch) const override;
  void check(std::span<const StepEvent> events, std::int32_t label) const;

  std::int64_t steps_;
  std::int64_t neurons_;
  std::int64_t classes_;
  std::int64_t event_count_ = 0;
  std::vector<Buffer<StepEvent>> blocks_;  ///< never moved once filled; a sample lies in one block
  std::size_t free_in_last_ = 0;           ///< events that still fit in the last block
  std::vector<Sample> samples_;
};

}  // namespace spiketape
