#include "core/kernels/adam.hpp"

#include <cmath>

#include "cuda/table.cuh"

namespace spiketape::cuda {
namespace {

struct AdamSettings {
  float beta1;
  float beta2;
  float epsilon;
  float keep;
};

// The roundings of the CPU's kernel: fused where that one is.
__global__ void adam_kernel(Table<AdamParameter> table,
                            AdamSettings settings,
                            std::int64_t /*first*/) {
  const AdamParameter& parameter = table.entries[blockIdx.y];
  const float rest1 = 1.0f - settings.beta1;
  const float rest2 = 1.0f - settings.beta2;
  for (std::int64_t i = thread_index(); i < parameter.count; i += thread_stride()) {
    const float grad = parameter.grad[i];
    const float m = fmaf(settings.beta1, parameter.m[i], rest1 * grad);
    const float v = fmaf(settings.beta2, parameter.v[i], rest2 * (grad * grad));
    const float scale = std::sqrt(v * parameter.v_factor) + settings.epsilon;
    const float change = parameter.m_factor * m / scale;
    parameter.m[i] = m;
    parameter.v[i] = v;
    parameter.value[i] = fmaf(settings.keep, parameter.value[i], -change);
  }
}

}  // namespace

void adam(const AdamArguments& arguments) {
  launch_table(adam_kernel,
               arguments.parameters,
               AdamSettings{arguments.beta1, arguments.beta2, arguments.epsilon, arguments.keep},
               Context::use(arguments.device));
}

}  // namespace spiketape::cuda
