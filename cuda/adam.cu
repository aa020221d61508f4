#include "core/kernels/adam.hpp"

#include <cmath>
#include <vector>

#include "cuda/optimizer.cuh"

namespace spiketape::cuda {
namespace {

struct AdamEntry : AdamParameter {
  AdamFactors factors;
};

struct AdamSettings {
  float beta1;
  float beta2;
  float epsilon;
  Live<AdamFactors> live;
};

// The roundings of the CPU's kernel: fused where that one is.
__global__ void adam_kernel(Table<AdamEntry> table, AdamSettings settings, std::int64_t first) {
  if (settings.live.spoiled.is_set()) return;
  const AdamEntry& parameter = table.entries[blockIdx.y];
  const AdamFactors factors = settings.live.or_else(first + blockIdx.y, parameter.factors);
  const float rest1 = 1.0f - settings.beta1;
  const float rest2 = 1.0f - settings.beta2;
  for (std::int64_t i = thread_index(); i < parameter.count; i += thread_stride()) {
    const float grad = parameter.grad[i];
    const float m = fmaf(settings.beta1, parameter.m[i], rest1 * grad);
    const float v = fmaf(settings.beta2, parameter.v[i], rest2 * (grad * grad));
    const float scale = std::sqrt(v * factors.v) + settings.epsilon;
    const float change = factors.m * m / scale;
    parameter.m[i] = m;
    parameter.v[i] = v;
    parameter.value[i] = fmaf(factors.keep, parameter.value[i], -change);
  }
}

}  // namespace

void adam(const AdamArguments& arguments) {
  std::vector<AdamEntry> entries;
  for (std::size_t k = 0; k < arguments.parameters.size(); ++k)
    entries.push_back({arguments.parameters[k], arguments.factors[k]});
  launch_table(
      adam_kernel,
      std::span<const AdamEntry>(entries),
      AdamSettings{
          arguments.beta1, arguments.beta2, arguments.epsilon, live_numbers(arguments.factors)},
      Context::use(arguments.device));
}

}  // namespace spiketape::cuda
