#include "autograd/clip.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "autograd/ops/common.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"

namespace spiketape {
namespace {

double squared_norm(const Tensor& grad) {
  const float* g = grad.data();
  return parallel_sum(grad.size(), ops::kCheapGrain, [g](std::int64_t begin, std::int64_t end) {
    return ops::lane_sum(end - begin, [=](std::int64_t i) {
      const auto value = static_cast<double>(g[begin + i]);
      return value * value;
    });
  });
}

}  // namespace

float clip_gradient_norm(std::span<const NamedVariable> parameters, float max_norm) {
  if (!(max_norm > 0.0f))
    throw Error(fmt::format("clip_gradient_norm: expected max_norm above 0, got {}", max_norm));
  double squares = 0.0;
  for (const auto& [name, variable] : parameters) {
    if (!variable.has_grad()) continue;
    const double own = squared_norm(variable.grad());
    if (!std::isfinite(own))
      throw NumericError(
          fmt::format("clip_gradient_norm: the gradient of '{}' is not finite; lower the learning "
                      "rate or check the inputs",
                      name));
    squares += own;
  }
  const double norm = std::sqrt(squares);
  if (norm > static_cast<double>(max_norm)) {
    const auto factor = static_cast<float>(static_cast<double>(max_norm) / norm);
    for (const auto& [name, variable] : parameters) {
      if (!variable.has_grad()) continue;
      float* g = variable.grad().data();
      ops::over_values(
          variable.grad().size(), ops::kCheapGrain, [=](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) g[i] *= factor;
          });
    }
  }
  return static_cast<float>(norm);
}

void clip_gradient_value(std::span<const NamedVariable> parameters, float limit) {
  if (!(limit > 0.0f))
    throw Error(fmt::format("clip_gradient_value: expected a limit above 0, got {}", limit));
  for (const auto& [name, variable] : parameters) {
    if (!variable.has_grad()) continue;
    for (float& g : variable.grad().values()) {
      if (std::isnan(g))
        throw NumericError(
            fmt::format("clip_gradient_value: the gradient of '{}' holds a NaN; lower the learning "
                        "rate or check the inputs",
                        name));
      g = std::clamp(g, -limit, limit);
    }
  }
}

}  // namespace spiketape
