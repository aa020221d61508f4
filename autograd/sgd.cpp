#include "autograd/sgd.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/parallel.hpp"

namespace spiketape {

Sgd::Sgd(std::vector<NamedVariable> parameters, const SgdOptions& options)
    : Optimizer("sgd",
                std::move(parameters),
                options.learning_rate,
                options.momentum == 0.0f ? std::vector<std::string>{}
                                         : std::vector<std::string>{"momentum"}),
      momentum_(options.momentum) {
  if (!(momentum_ >= 0.0f && momentum_ < 1.0f))
    throw Error(fmt::format("sgd: expected momentum in [0, 1), got {}", momentum_));
}

void Sgd::update(const Update& parameter) {
  constexpr std::int64_t kGrain = 1 << 14;
  float* value = parameter.value.data();
  const float* grad = parameter.grad.data();
  float* velocity = parameter.slots.empty() ? nullptr : parameter.slots[0].data();
  const auto count = static_cast<std::int64_t>(parameter.value.size());
  parallel_ranges(count, kGrain, [=, this](std::int64_t begin, std::int64_t end) {
    if (velocity == nullptr) {
      for (std::int64_t i = begin; i < end; ++i) value[i] -= learning_rate() * grad[i];
      return;
    }
    for (std::int64_t i = begin; i < end; ++i) {
      velocity[i] = momentum_ * velocity[i] + grad[i];
      value[i] -= learning_rate() * velocity[i];
    }
  });
}

}  // namespace spiketape
