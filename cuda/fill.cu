#include <cstdint>

#include "core/cuda_backend.hpp"
#include "cuda/context.hpp"
#include "cuda/launch.cuh"
#include "cuda/probe.hpp"

namespace spiketape::cuda {
namespace {

__global__ void probe_kernel() {}

__global__ void fill_kernel(float* values, std::int64_t count, float value) {
  for (std::int64_t i = thread_index(); i < count; i += thread_stride()) values[i] = value;
}

}  // namespace

void probe(cudaStream_t stream) {
  launch(probe_kernel, {.grid = 1, .block = 32, .stream = stream});
}

void fill(Device device, float* values, std::size_t count, float value) {
  const auto n = static_cast<std::int64_t>(count);
  launch(fill_kernel, each_of(n, Context::use(device)), values, n, value);
}

}  // namespace spiketape::cuda
