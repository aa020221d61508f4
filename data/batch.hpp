#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/spike_tensor.hpp"
#include "data/dataset.hpp"

namespace spiketape {

/// What one training step sees.
struct Batch {
  SpikeTensor spikes;                ///< [batch, steps, neurons]: events, and an empty active set
  std::vector<std::int32_t> labels;  ///< [batch]
  std::int64_t epoch = 0;
  std::int64_t index = 0;  ///< place in the epoch, from 0

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
};

/// Makes batches, and keeps its scratch space from one to the next. For one thread at a time.
class BatchMaker {
 public:
  /// `dataset` must outlive this.
  explicit BatchMaker(const Dataset& dataset) : dataset_(dataset) {}

  /// Samples in the given order, at `epoch`. The arrays are booked under MemoryTag::data.
  /// @throws DataError when a sample does not exist, or the data set gives events that are not
  /// sorted by step or lie outside [steps, neurons]; ShapeError when a batch holds 2^32 events or
  /// more.
  Batch make(std::span<const std::int64_t> samples, std::int64_t epoch = 0);

 private:
  const Dataset& dataset_;
  std::vector<std::vector<StepEvent>> scratch_;     ///< one a sample of the batch
  std::vector<std::span<const StepEvent>> events_;  ///< one a sample of the batch
};

/// Samples in the given order, at `epoch`, as one batch. As BatchMaker::make().
Batch make_batch(const Dataset& dataset,
                 std::span<const std::int64_t> samples,
                 std::int64_t epoch = 0);

}  // namespace spiketape
