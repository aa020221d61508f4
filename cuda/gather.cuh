#pragma once

// The events of a current's terms, summed step after step by a warp whose lanes are 32 columns of
// the weights. The units of a step's events were loaded during the step before; their weights are
// loaded 8 rows at a time, so that a step with up to 8 events waits for the memory once. Sums are
// double and in the order of the events, as on the CPU.
#include "cuda/rows_ahead.cuh"
#include "cuda/terms.hpp"

namespace spiketape::cuda {

/// start + the weight rows, at column `j`, of the events of one row, times the amplitude. All lanes
/// of the warp together, each with a column that there is.
__device__ inline double gather_row(
    const EventTerm& term, const RowEntries& row, int neurons, int j, double start) {
  constexpr int kAtOnce = 8;
  const bool plain = term.amplitude == 1.0f;
  double sum = plain ? start : 0.0;
  // unit * neurons + j has 32 bits, by kMaxNeurons.
  const auto width = static_cast<std::uint32_t>(neurons);
  const auto column = static_cast<std::uint32_t>(j);
  row.for_each_warp(term.units, [&](std::uint32_t /*base*/, int count, int unit) {
#pragma unroll 1
    for (int first = 0; first < count; first += kAtOnce) {
      float weights[kAtOnce];
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i) {
        const auto from = static_cast<std::uint32_t>(__shfl_sync(kAllLanes, unit, first + i));
        weights[i] = first + i < count ? term.weights[from * width + column] : 0.0f;
      }
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i)
        if (first + i < count) sum += static_cast<double>(weights[i]);
    }
  });
  return plain ? sum : fma(static_cast<double>(term.amplitude), sum, start);
}

/// The events of a sample, step after step from the first. What goes ahead is the first term;
/// others are read when they are asked for.
class TermRows {
 public:
  __device__ TermRows(const EventTerms& terms, std::int64_t sample, std::int64_t steps)
      : terms_(terms),
        ahead_(terms.count > 0 ? terms.term[0].offsets + sample * steps : nullptr,
               terms.term[0].units,
               0,
               static_cast<int>(steps)) {}

  /// Goes on to the next step.
  __device__ void take() { first_ = ahead_.take(); }
  /// start + the terms' currents of the step at column `j`, which is one of the `neurons`; `row` is
  /// the step's. All lanes of the warp together.
  __device__ double sum(std::int64_t row, int neurons, int j, double start) const {
    for (int t = 0; t < terms_.count; ++t) {
      const EventTerm& term = terms_.term[t];
      start = gather_row(
          term, t == 0 ? first_ : row_entries(term.offsets, term.units, row), neurons, j, start);
    }
    return start;
  }

 private:
  const EventTerms& terms_;
  RowsAhead<Direction::up> ahead_;
  RowEntries first_{};
};

}  // namespace spiketape::cuda
