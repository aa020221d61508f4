#pragma once

// Rows of entries as a warp reads them: up to 32 unit ids at once, one a lane, which a shuffle then
// hands to all. On the way back the rows of a sample are read from the last to the first, and each
// before it is asked for, so that a step does not wait for the memory.
#include "core/spike_tensor.hpp"
#include "cuda/launch.cuh"

namespace spiketape::cuda {

/// The entries [begin, end) of a row; `unit` is that of entry begin + lane, 0 beyond the end.
struct RowEntries {
  std::uint32_t begin;
  std::uint32_t end;
  int unit;

  /// Calls body(base, count, unit) for each 32 entries of the row: `count` of them from `base` on,
  /// and this lane's unit. All lanes together.
  template <typename Body>
  __device__ void for_each_warp(const UnitId* units, const Body& body) const {
    for (std::uint32_t base = begin; base < end; base += kWarp) {
      const int count = static_cast<int>(end - base < kWarp ? end - base : kWarp);
      int own = unit;
      if (base != begin) own = lane_index() < count ? units[base + lane_index()] : 0;
      body(base, count, own);
    }
  }
};

/// This lane's unit of the entries [begin, end).
__device__ inline int lane_unit(const UnitId* units, std::uint32_t begin, std::uint32_t end) {
  const std::uint32_t own = begin + static_cast<std::uint32_t>(lane_index());
  return own < end ? units[own] : 0;
}

__device__ inline RowEntries row_entries(const std::uint32_t* offsets,
                                         const UnitId* units,
                                         std::int64_t row) {
  const std::uint32_t begin = offsets[row];
  const std::uint32_t end = offsets[row + 1];
  return {begin, end, lane_unit(units, begin, end)};
}

/// Gives the rows of one sample from a step on down. Of the row that take() gives next the units
/// are on their way already; the offsets of 32 rows stand in the lanes of the warp. Without offsets
/// (null) every row is empty.
class RowsAhead {
 public:
  /// `offsets` of the sample's first row on.
  __device__ RowsAhead(const std::uint32_t* offsets, const UnitId* units, int step)
      : offsets_(offsets), units_(units), step_(step), lowest_(step + 2 - kWarp) {
    if (offsets == nullptr) {
      lowest_ = -kWarp;  // below every step: nothing is loaded
      return;
    }
    load_offsets();
    const std::uint32_t end = offset_of(step + 1);
    const std::uint32_t begin = offset_of(step);
    next_ = {begin, end, lane_unit(units, begin, end)};
  }

  /// The row at hand; the load of the one below it begins. All lanes together.
  __device__ RowEntries take() {
    const RowEntries taken = next_;
    --step_;
    if (step_ >= 0 && step_ < lowest_) {
      lowest_ = step_ + 1 - kWarp;
      load_offsets();
    }
    const std::uint32_t begin = offset_of(step_ < 0 ? 0 : step_);
    next_ = {begin, taken.begin, lane_unit(units_, begin, taken.begin)};
    return taken;
  }
  /// What take() will give.
  __device__ const RowEntries& next() const { return next_; }

 private:
  /// Lane l holds that of row lowest_ + l, or 0 before the first.
  __device__ void load_offsets() {
    const int row = lowest_ + lane_index();
    offset_ = row >= 0 ? offsets_[row] : 0;
  }
  __device__ std::uint32_t offset_of(int row) const {
    return __shfl_sync(kAllLanes, offset_, (row - lowest_) & (kWarp - 1));
  }

  const std::uint32_t* offsets_;
  const UnitId* units_;
  int step_;
  int lowest_;
  std::uint32_t offset_ = 0;
  RowEntries next_{};
};

}  // namespace spiketape::cuda
