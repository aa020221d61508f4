#include "autograd/adam.hpp"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "autograd/dispatch.hpp"
#include "core/error.hpp"

namespace spiketape {

Adam::Adam(std::vector<NamedVariable> parameters, const AdamOptions& options)
    : Adam("adam", std::move(parameters), options, 0.0f) {}

Adam::Adam(std::string name,
           std::vector<NamedVariable> parameters,
           const AdamOptions& options,
           float weight_decay)
    : Optimizer(name, std::move(parameters), options.learning_rate, {"m", "v"}),
      options_(options),
      weight_decay_(weight_decay),
      factors_(this->parameters().size()) {
  const auto is_beta = [](float beta) { return beta >= 0.0f && beta < 1.0f; };
  if (!is_beta(options.beta1) || !is_beta(options.beta2))
    throw Error(fmt::format("{}: expected beta1 and beta2 in [0, 1), got {} and {}",
                            name,
                            options.beta1,
                            options.beta2));
  if (!(options.epsilon > 0.0f) || !std::isfinite(options.epsilon))
    throw Error(
        fmt::format("{}: expected a finite epsilon above 0, got {}", name, options.epsilon));
  if (!(weight_decay >= 0.0f) || !std::isfinite(weight_decay))
    throw Error(fmt::format(
        "{}: expected a finite weight decay of at least 0, got {}", name, weight_decay));
}

bool Adam::refresh(std::span<const std::int64_t> steps) {
  const auto rate = static_cast<double>(learning_rate());
  for (std::size_t k = 0; k < steps.size(); ++k) {
    const auto t = static_cast<double>(steps[k]);
    const double correction1 = 1.0 - std::pow(static_cast<double>(options_.beta1), t);
    const double correction2 = 1.0 - std::pow(static_cast<double>(options_.beta2), t);
    factors_[k] = {.m = static_cast<float>(rate / correction1),
                   .v = static_cast<float>(1.0 / correction2),
                   .keep = static_cast<float>(1.0 - rate * static_cast<double>(weight_decay_))};
  }
  return true;
}

void Adam::update(std::span<const Update> parameters) {
  follow(std::as_bytes(std::span(factors_)));
  std::vector<AdamParameter> all;
  all.reserve(parameters.size());
  for (const Update& each : parameters)
    all.push_back({.value = each.value,
                   .grad = each.grad,
                   .m = each.slots[0].data(),
                   .v = each.slots[1].data(),
                   .count = each.count});
  dispatch<cpu::adam, cuda::adam>(device(),
                                  AdamArguments{.device = device(),
                                                .parameters = all,
                                                .factors = std::span(factors_).first(all.size()),
                                                .beta1 = options_.beta1,
                                                .beta2 = options_.beta2,
                                                .epsilon = options_.epsilon});
}

AdamW::AdamW(std::vector<NamedVariable> parameters, const AdamWOptions& options)
    : Adam("adamw",
           std::move(parameters),
           {.learning_rate = options.learning_rate,
            .beta1 = options.beta1,
            .beta2 = options.beta2,
            .epsilon = options.epsilon},
           options.weight_decay) {}

}  // namespace spiketape
