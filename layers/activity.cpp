#include "layers/activity.hpp"

#include <fmt/format.h>

namespace spiketape {

std::vector<std::string> silent_layers(std::span<const LayerActivity> layers) {
  std::vector<std::string> silent;
  for (const LayerActivity& layer : layers)
    if (layer.monitor->neuron_steps > 0 && layer.monitor->active == 0) silent.push_back(layer.name);
  return silent;
}

std::string silence_warning(std::span<const LayerActivity> layers) {
  const std::vector<std::string> silent = silent_layers(layers);
  if (silent.empty()) return "";
  return fmt::format(
      "no neuron of {} came near its threshold, so no gradient passes and nothing before it "
      "learns; call "
      "calibrate(net, spikes) before training, start with larger weights, or widen the window",
      fmt::join(silent, ", "));
}

}  // namespace spiketape
