#pragma once

#include <vector>

#include "core/buffer.hpp"
#include "core/sweep.hpp"

namespace spiketape::cpu {

/// The weights of a current as whole multiples of one power of two, the quantum, chosen so that the
/// sum of all that can fire in one step stays below 2^31. Sums are then exact in 32-bit integers,
/// in any order, at the cost of float sums: each weight is rounded once, by at most quantum / 2,
/// and nothing is rounded after. (Float sums would be rounded at each spike, and the slope at the
/// threshold magnifies that 2 beta times.) Rows are padded with zeros and aligned.
struct ScaledWeights {
  /// 0 when whole numbers would be coarser than float sums, when a weight is not finite, or when a
  /// synapse is not a plain sum of weight rows: then the sweep sums in double.
  double quantum = 0.0;
  std::int64_t stride = 0;
  std::vector<Buffer<std::int32_t>> terms;
  Buffer<std::int32_t> recurrence;  ///< empty without one
  Buffer<std::int32_t> bias;        ///< empty without one
};

ScaledWeights scale_weights(const CurrentView& current, const Buffer<double>& total_bias);

}  // namespace spiketape::cpu
