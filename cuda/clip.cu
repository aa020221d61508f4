#include "core/kernels/clip.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cuda/segments.cuh"
#include "cuda/table.cuh"

namespace spiketape::cuda {
namespace {

struct SquaredNorm : SumInDouble {
  const float* values;
  double* norm;

  __device__ double term(std::int64_t /*output*/, std::int64_t i) const {
    const auto value = static_cast<double>(values[i]);
    return value * value;
  }
  __device__ void store(std::int64_t /*output*/, double total) const { *norm = total; }
};

__global__ void scale_kernel(Table<GradientView> table, float factor, std::int64_t /*first*/) {
  const GradientView& gradient = table.entries[blockIdx.y];
  for (std::int64_t i = thread_index(); i < gradient.count; i += thread_stride())
    gradient.values[i] *= factor;
}

struct ClampSettings {
  int* has_nan;  ///< one flag for each gradient
  float lowest;
  float highest;
};

__global__ void clamp_kernel(Table<GradientView> table,
                             ClampSettings settings,
                             std::int64_t first) {
  const GradientView& gradient = table.entries[blockIdx.y];
  for (std::int64_t i = thread_index(); i < gradient.count; i += thread_stride()) {
    const float value = gradient.values[i];
    if (std::isnan(value)) atomicOr(&settings.has_nan[first + blockIdx.y], 1);
    if (value > settings.highest) gradient.values[i] = settings.highest;
    if (value < settings.lowest) gradient.values[i] = settings.lowest;
  }
}

}  // namespace

void squared_norms(const SquaredNormsArguments& arguments) {
  const Context& context = Context::use(arguments.device);
  Buffer<double> norms(arguments.norms.size(), arguments.device, MemoryTag::scratch);
  for (std::size_t k = 0; k < arguments.gradients.size(); ++k) {
    SquaredNorm segments;
    segments.values = arguments.gradients[k].values;
    segments.norm = norms.data() + k;
    reduce_segments(1, arguments.gradients[k].count, segments, context);
  }
  copy_bytes(arguments.norms.data(), kCpu, norms.data(), arguments.device, norms.bytes());
}

void scale(const ScaleArguments& arguments) {
  launch_table(scale_kernel, arguments.gradients, arguments.factor, Context::use(arguments.device));
}

std::int64_t clamp(const ClampArguments& arguments) {
  const Context& context = Context::use(arguments.device);
  auto flags = Buffer<int>::zeros(arguments.gradients.size(), arguments.device, MemoryTag::scratch);
  launch_table(clamp_kernel,
               arguments.gradients,
               ClampSettings{flags.data(), -arguments.limit, arguments.limit},
               context);
  std::vector<int> has_nan(arguments.gradients.size());
  copy_bytes(has_nan.data(), kCpu, flags.data(), arguments.device, flags.bytes());
  const auto bad = std::find(has_nan.begin(), has_nan.end(), 1);
  return bad == has_nan.end() ? -1 : bad - has_nan.begin();
}

}  // namespace spiketape::cuda
