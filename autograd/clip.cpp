#include "autograd/clip.hpp"

#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "autograd/dispatch.hpp"
#include "core/error.hpp"
#include "core/kernels/clip.hpp"

namespace spiketape {
namespace {

/// The gradients that there are, with the names of their parameters, on one device.
struct Gradients {
  Device device;
  std::vector<GradientView> views;
  std::vector<std::string_view> names;
};

Gradients gradients_of(std::string_view what, std::span<const NamedVariable> parameters) {
  Gradients all;
  for (const auto& [name, variable] : parameters) {
    if (!variable.has_grad()) continue;
    Tensor& grad = variable.grad();
    if (all.views.empty()) all.device = grad.device();
    require_same_device(what, all.device, grad.device());
    all.views.push_back({grad.data(), grad.size()});
    all.names.push_back(name);
  }
  return all;
}

}  // namespace

float clip_gradient_norm(std::span<const NamedVariable> parameters, float max_norm) {
  if (!(max_norm > 0.0f))
    throw Error(fmt::format("clip_gradient_norm: expected max_norm above 0, got {}", max_norm));
  const Gradients all = gradients_of("clip_gradient_norm", parameters);
  std::vector<double> norms(all.views.size());
  dispatch<cpu::squared_norms, cuda::squared_norms>(
      all.device,
      SquaredNormsArguments{.device = all.device, .gradients = all.views, .norms = norms});
  double squares = 0.0;
  for (std::size_t k = 0; k < norms.size(); ++k) {
    if (!std::isfinite(norms[k]))
      throw NumericError(
          fmt::format("clip_gradient_norm: the gradient of '{}' is not finite; lower the learning "
                      "rate or check the inputs",
                      all.names[k]));
    squares += norms[k];
  }
  const double norm = std::sqrt(squares);
  if (norm > static_cast<double>(max_norm))
    dispatch<cpu::scale, cuda::scale>(
        all.device,
        ScaleArguments{.device = all.device,
                       .gradients = all.views,
                       .factor = static_cast<float>(static_cast<double>(max_norm) / norm)});
  return static_cast<float>(norm);
}

void clip_gradient_value(std::span<const NamedVariable> parameters, float limit) {
  if (!(limit > 0.0f))
    throw Error(fmt::format("clip_gradient_value: expected a limit above 0, got {}", limit));
  const Gradients all = gradients_of("clip_gradient_value", parameters);
  const std::int64_t bad = dispatch<cpu::clamp, cuda::clamp>(
      all.device, ClampArguments{.device = all.device, .gradients = all.views, .limit = limit});
  if (bad >= 0)
    throw NumericError(
        fmt::format("clip_gradient_value: the gradient of '{}' holds a NaN; lower the learning "
                    "rate or check the inputs",
                    all.names[static_cast<std::size_t>(bad)]));
}

}  // namespace spiketape
