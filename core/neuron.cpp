#include "core/neuron.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

template <typename Visit>
void for_each_coefficient(const NeuronModel& model, Visit&& visit) {
  for (const auto& row : model.a)
    for (const auto& coefficient : row) visit(coefficient, "a");
  for (const auto& coefficient : model.b) visit(coefficient, "b");
  for (const auto& coefficient : model.r) visit(coefficient, "r");
  for (const auto& coefficient : model.c) visit(coefficient, "c");
}

}  // namespace

std::int64_t NeuronModel::width() const {
  std::int64_t width = 0;
  for_each_coefficient(*this, [&](const Coefficient& coefficient, const char*) {
    if (coefficient.size() > 1)
      width = std::max(width, static_cast<std::int64_t>(coefficient.size()));
  });
  return width;
}

void NeuronModel::check(std::int64_t neurons) const {
  if (states < 1 || states > kMaxStates)
    throw ShapeError(fmt::format("neuron: expected 1 to {} states, got {}", kMaxStates, states));
  for_each_coefficient(*this, [&](const Coefficient& coefficient, const char* name) {
    const auto size = static_cast<std::int64_t>(coefficient.size());
    if (size > 1 && size != neurons)
      throw ShapeError(
          fmt::format("neuron: coefficient {} has {} values for {} neurons; expected 1 or {}",
                      name,
                      size,
                      neurons,
                      neurons));
    if (!std::all_of(
            coefficient.begin(), coefficient.end(), [](double x) { return std::isfinite(x); }))
      throw NumericError(
          fmt::format("neuron: coefficient {} is not finite; check tau and dt", name));
  });
  if (!(window > 0.0))
    throw Error(fmt::format("neuron: window must be above 0 (infinity = dense), got {}", window));
  if (!(threshold > 0.0) || !std::isfinite(threshold))
    throw Error(fmt::format("neuron: the threshold must be above 0 and finite, got {}", threshold));
}

NeuronModel lif_model(double decay, double threshold, bool reset_gradient) {
  NeuronModel model;
  model.states = 1;
  model.a[0][0] = {decay};
  model.b[0] = {1.0};
  model.r[0] = {-threshold};
  model.c[0] = {1.0};
  model.gradient_through_jump[0] = reset_gradient;
  model.threshold = threshold;
  return model;
}

NeuronModel cuba_lif_model(double synapse_decay,
                           double decay,
                           double threshold,
                           bool reset_gradient) {
  NeuronModel model;
  model.states = 2;
  model.a[0][0] = {synapse_decay};
  model.a[1][0] = {synapse_decay};
  model.a[1][1] = {decay};
  model.b[0] = {1.0};
  model.b[1] = {1.0};
  model.r[1] = {-threshold};
  model.c[1] = {1.0};
  model.gradient_through_jump[1] = reset_gradient;
  model.threshold = threshold;
  return model;
}

NeuronModel adaptive_lif_model(
    double decay, double rho, double kappa, double threshold, bool reset_gradient) {
  NeuronModel model;
  model.states = 2;
  model.a[0][0] = {decay};
  model.a[1][1] = {rho};
  model.b[0] = {1.0};
  model.r[0] = {-threshold};
  model.r[1] = {1.0};
  model.c[0] = {1.0};
  model.c[1] = {-kappa};
  model.gradient_through_jump = {reset_gradient, true, false};
  model.threshold = threshold;
  return model;
}

}  // namespace spiketape
