#include "core/kernels/sgd.hpp"

#include "core/parallel.hpp"

namespace spiketape::cpu {

void sgd(const SgdArguments& arguments) {
  constexpr std::int64_t kGrain = 1 << 14;
  const float rate = *arguments.learning_rate;
  const float momentum = arguments.momentum;
  for (const SgdParameter& parameter : arguments.parameters)
    parallel_ranges(parameter.count, kGrain, [=](std::int64_t begin, std::int64_t end) {
      float* value = parameter.value;
      const float* grad = parameter.grad;
      float* velocity = parameter.velocity;
      if (velocity == nullptr) {
        for (std::int64_t i = begin; i < end; ++i) value[i] -= rate * grad[i];
        return;
      }
      for (std::int64_t i = begin; i < end; ++i) {
        velocity[i] = momentum * velocity[i] + grad[i];
        value[i] -= rate * velocity[i];
      }
    });
}

}  // namespace spiketape::cpu
