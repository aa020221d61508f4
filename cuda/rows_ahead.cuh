#pragma once

// Rows of entries as a warp reads them: up to 32 unit ids at once, one a lane, which a shuffle then
// hands to all. A sweep goes through the rows of a sample step by step, and each is read before it
// is asked for, so that a step does not wait for the memory.
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

enum class Direction { up, down };

/// Gives the rows of one sample from a step on, up or down. Of the row that take() gives next the
/// units are on their way already; the offsets of 32 rows stand in the lanes of the warp. Without
/// offsets (null) every row is empty.
template <Direction kDirection>
class RowsAhead {
  static constexpr bool kUp = kDirection == Direction::up;

 public:
  /// `offsets` of the sample's first row on, steps + 1 of them.
  __device__ RowsAhead(const std::uint32_t* offsets, const UnitId* units, int step, int steps)
      : offsets_(offsets), units_(units), step_(step), last_(steps) {
    lowest_ = kUp ? step : step + 2 - kWarp;
    if (offsets == nullptr) return;
    load_offsets();
    set_next(offset_of(step), offset_of(step + 1));
  }

  /// The row at hand; the load of the one after it begins. All lanes together.
  __device__ RowEntries take() {
    const RowEntries taken = next_;
    if (offsets_ == nullptr) return taken;
    step_ += kUp ? 1 : -1;
    const int wanted = kUp ? step_ + 1 : step_;  // the one offset that is not known yet
    if (kUp ? wanted >= lowest_ + kWarp : wanted < lowest_) {
      lowest_ = kUp ? wanted : wanted + 1 - kWarp;
      load_offsets();
    }
    const std::uint32_t bound = offset_of(wanted);
    if (kUp)
      set_next(taken.end, bound);
    else
      set_next(bound, taken.begin);
    return taken;
  }
  /// What take() will give.
  __device__ const RowEntries& next() const { return next_; }

 private:
  __device__ void set_next(std::uint32_t begin, std::uint32_t end) {
    next_ = {begin, end, lane_unit(units_, begin, end)};
  }
  /// Lane l holds that of row lowest_ + l; rows before the first and behind the last are empty.
  __device__ void load_offsets() {
    const int row = lowest_ + lane_index();
    offset_ = offsets_[row < 0 ? 0 : row > last_ ? last_ : row];
  }
  __device__ std::uint32_t offset_of(int row) const {
    return __shfl_sync(kAllLanes, offset_, (row - lowest_) & (kWarp - 1));
  }

  const std::uint32_t* offsets_;
  const UnitId* units_;
  int step_;
  int last_;
  int lowest_ = 0;
  std::uint32_t offset_ = 0;
  RowEntries next_{};
};

}  // namespace spiketape::cuda
