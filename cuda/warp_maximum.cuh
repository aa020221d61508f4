#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/launch.cuh"

namespace spiketape::cuda {

/// The largest of `count` values, in every lane of the warp; at least one. A NaN is passed over
/// unless all are.
__device__ inline float warp_maximum(const float* values, std::int64_t count) {
  float highest = values[0];
  for (std::int64_t i = lane_index(); i < count; i += kWarp) highest = fmaxf(highest, values[i]);
  for (int step = kWarp / 2; step > 0; step /= 2)
    highest = fmaxf(highest, __shfl_xor_sync(kAllLanes, highest, step));
  return highest;
}

}  // namespace spiketape::cuda
