#pragma once

#include "cuda/launch.cuh"

namespace spiketape::cuda {

/// The sums of kSums values over a warp's lanes, a power of two up to 32, in a fixed order: lane l
/// returns that of values[l / (32 / kSums)]. In each of the first rounds a lane gives half of its
/// values away and takes the other half from its partner, so that 8 sums cost 4 + 2 + 1 + 1 + 1
/// shuffles instead of 5 each. `values` is used up.
template <int kSums>
__device__ float warp_sums(float (&values)[kSums]) {
  int distance = kWarp / 2;
#pragma unroll
  for (int left = kSums / 2; left > 0; left /= 2) {
    const bool upper = (lane_index() & distance) != 0;
#pragma unroll
    for (int i = 0; i < left; ++i) {
      const float given = upper ? values[i] : values[i + left];
      const float kept = upper ? values[i + left] : values[i];
      values[i] = kept + __shfl_xor_sync(kAllLanes, given, distance);
    }
    distance /= 2;
  }
#pragma unroll
  for (; distance > 0; distance /= 2) values[0] += __shfl_xor_sync(kAllLanes, values[0], distance);
  return values[0];
}

}  // namespace spiketape::cuda
