#include "core/kernels/sgd.hpp"

#include "cuda/optimizer.cuh"

namespace spiketape::cuda {
namespace {

struct SgdSettings {
  float rate;
  float momentum;
  Live<float> live;
};

__global__ void sgd_kernel(Table<SgdParameter> table,
                           SgdSettings settings,
                           std::int64_t /*first*/) {
  if (settings.live.spoiled.is_set()) return;
  const SgdParameter& parameter = table.entries[blockIdx.y];
  const float rate = settings.live.or_else(0, settings.rate);
  for (std::int64_t i = thread_index(); i < parameter.count; i += thread_stride()) {
    float change = parameter.grad[i];
    if (parameter.velocity != nullptr) {
      change = settings.momentum * parameter.velocity[i] + change;
      parameter.velocity[i] = change;
    }
    parameter.value[i] -= rate * change;
  }
}

}  // namespace

void sgd(const SgdArguments& arguments) {
  launch_table(sgd_kernel,
               arguments.parameters,
               SgdSettings{*arguments.learning_rate,
                           arguments.momentum,
                           live_numbers(std::span(arguments.learning_rate, 1))},
               Context::use(arguments.device));
}

}  // namespace spiketape::cuda
