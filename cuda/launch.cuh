#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "cuda/check.hpp"
#include "cuda/context.hpp"

/// How kernels are started and how their threads find their place.
namespace spiketape::cuda {

inline constexpr int kWarp = 32;
inline constexpr unsigned kAllLanes = 0xffffffffu;

/// Where a kernel runs, and where in our code it was started.
struct LaunchShape {
  dim3 grid = 1;
  dim3 block = 1;
  cudaStream_t stream = nullptr;
  Place place = Place::current();
};

/// Starts `kernel` with one thread block for each block of the grid; an empty grid is no work.
/// @throws BackendError with the place when the launch fails.
template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), const LaunchShape& shape, Arguments&&... arguments) {
  if (shape.grid.x == 0 || shape.grid.y == 0 || shape.grid.z == 0) return;
  cudaLaunchConfig_t config{};
  config.gridDim = shape.grid;
  config.blockDim = shape.block;
  config.stream = shape.stream;
  check(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), shape.place);
}

/// Blocks of `size` threads that cover `count`, rounded up.
inline unsigned blocks_for(std::int64_t count, std::int64_t size) {
  return static_cast<unsigned>((count + size - 1) / size);
}

/// One thread for each of `count` values, fewer for very many: kernels loop by thread_stride().
inline LaunchShape each_of(std::int64_t count,
                           const Context& context,
                           Place place = Place::current()) {
  constexpr std::int64_t kMost = 256;
  const std::int64_t block = std::min(kMost, (count + kWarp - 1) / kWarp * kWarp);
  const std::int64_t most = 32 * std::int64_t{context.multiprocessors()};
  return {.grid = count > 0 ? static_cast<unsigned>(
                                  std::min<std::int64_t>(blocks_for(count, block), most))
                            : 0u,
          .block = static_cast<unsigned>(block),
          .stream = context.stream(),
          .place = place};
}

/// The number of this thread in its one-dimensional grid, and how many there are.
__device__ inline std::int64_t thread_index() {
  return std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
}
__device__ inline std::int64_t thread_stride() { return std::int64_t{gridDim.x} * blockDim.x; }

/// The number of this thread in its warp, for one-dimensional blocks.
__device__ inline int lane_index() { return static_cast<int>(threadIdx.x) % kWarp; }

/// The sum over a warp's lanes in a fixed order, in every lane.
template <typename T>
__device__ T warp_sum(T value) {
  for (int step = kWarp / 2; step > 0; step /= 2) value += __shfl_xor_sync(kAllLanes, value, step);
  return value;
}

}  // namespace spiketape::cuda
