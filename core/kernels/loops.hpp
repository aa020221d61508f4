#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/parallel.hpp"

/// Loops and sums that the CPU's dense kernels share.
namespace spiketape::cpu {

/// Pieces of an element-wise loop; fixed, so that the bits do not depend on threads.
inline constexpr std::int64_t kCheapGrain = 1 << 17;   ///< a few flops per value
inline constexpr std::int64_t kCostlyGrain = 1 << 12;  ///< exp, log, pow

/// Runs body(begin, end) over [0, count) in pieces of `grain`, in parallel; a single piece without
/// a detour.
template <typename Body>
void over_values(std::int64_t count, std::int64_t grain, const Body& body) {
  if (count <= grain) {
    if (count > 0) body(std::int64_t{0}, count);
  } else {
    parallel_ranges(count, grain, body);
  }
}

/// Sum of term(0) ... term(count - 1) in double, in eight interleaved chains that vectorise; the
/// order is fixed.
template <typename Term>
double lane_sum(std::int64_t count, const Term& term) {
  constexpr std::int64_t lanes = 8;
  std::array<double, lanes> sums{};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::int64_t lane = 0; lane < lanes; ++lane)
      sums[static_cast<std::size_t>(lane)] += static_cast<double>(term(i + lane));
  for (std::int64_t lane = 0; i < count; ++i, ++lane)
    sums[static_cast<std::size_t>(lane)] += static_cast<double>(term(i));
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

}  // namespace spiketape::cpu
