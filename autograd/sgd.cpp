#include "autograd/sgd.hpp"

#include <utility>

#include <fmt/format.h>

#include "autograd/dispatch.hpp"
#include "core/error.hpp"
#include "core/kernels/sgd.hpp"

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

bool Sgd::refresh(std::span<const std::int64_t> /*steps*/) {
  rate_ = learning_rate();
  return true;
}

void Sgd::update(std::span<const Update> parameters) {
  follow(std::as_bytes(std::span(&rate_, 1)));
  std::vector<SgdParameter> all;
  all.reserve(parameters.size());
  for (const Update& each : parameters)
    all.push_back({.value = each.value,
                   .grad = each.grad,
                   .velocity = each.slots.empty() ? nullptr : each.slots[0].data(),
                   .count = each.count});
  dispatch<cpu::sgd, cuda::sgd>(
      device(),
      SgdArguments{
          .device = device(), .parameters = all, .learning_rate = &rate_, .momentum = momentum_});
}

}  // namespace spiketape
