#include "core/kernels/sgd.hpp"

#include "cuda/table.cuh"

namespace spiketape::cuda {
namespace {

struct SgdSettings {
  float rate;
  float momentum;
};

__global__ void sgd_kernel(Table<SgdParameter> table,
                           SgdSettings settings,
                           std::int64_t /*first*/) {
  const SgdParameter& parameter = table.entries[blockIdx.y];
  for (std::int64_t i = thread_index(); i < parameter.count; i += thread_stride()) {
    float change = parameter.grad[i];
    if (parameter.velocity != nullptr) {
      change = settings.momentum * parameter.velocity[i] + change;
      parameter.velocity[i] = change;
    }
    parameter.value[i] -= settings.rate * change;
  }
}

}  // namespace

void sgd(const SgdArguments& arguments) {
  launch_table(sgd_kernel,
               arguments.parameters,
               SgdSettings{arguments.learning_rate, arguments.momentum},
               Context::use(arguments.device));
}

}  // namespace spiketape::cuda
