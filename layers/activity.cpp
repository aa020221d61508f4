#include "layers/activity.hpp"

#include <fmt/format.h>

namespace spiketape {
namespace {

constexpr double kFewestActivePercent = 0.01;
constexpr double kMostSpikesPercent = 10.0;

}  // namespace

std::vector<std::string> silent_layers(std::span<const LayerActivity> layers) {
  std::vector<std::string> silent;
  for (const LayerActivity& layer : layers)
    if (layer.monitor->neuron_steps > 0 && layer.monitor->active_percent() < kFewestActivePercent)
      silent.push_back(layer.name);
  return silent;
}

std::vector<std::string> saturated_layers(std::span<const LayerActivity> layers) {
  std::vector<std::string> saturated;
  for (const LayerActivity& layer : layers)
    if (layer.monitor->spikes_percent() > kMostSpikesPercent) saturated.push_back(layer.name);
  return saturated;
}

std::string activity_warning(std::span<const LayerActivity> layers) {
  std::string warning;
  if (const auto silent = silent_layers(layers); !silent.empty())
    warning = fmt::format(
        "silent: hardly a neuron of {} came near its threshold, so no gradient passes and nothing "
        "before it learns; calibrate the weights before training (--calibrate 1, or "
        "calibrate(net, spikes) in C++), start with larger weights, or widen the window",
        fmt::join(silent, ", "));
  if (const auto saturated = saturated_layers(layers); !saturated.empty())
    warning += fmt::format(
        "{}saturated: {} fires in more than {:g} % of all neurons and steps, so little gradient "
        "passes its "
        "windows and a step costs more than it need; calibrate the weights before training "
        "(--calibrate 1, or calibrate(net, spikes) in C++), start with smaller weights, or "
        "penalise busy layers",
        warning.empty() ? "" : "; ",
        fmt::join(saturated, ", "),
        kMostSpikesPercent);
  return warning;
}

}  // namespace spiketape
