#include "layers/activity.hpp"

#include <vector>

#include <doctest/doctest.h>

namespace spiketape {
namespace {

LayerActivity layer(const char* name, std::int64_t neuron_steps, std::int64_t active) {
  auto monitor = std::make_shared<Monitor>();
  monitor->neuron_steps = neuron_steps;
  monitor->active = active;
  return {name, monitor};
}

}  // namespace

TEST_CASE("a silent layer is one that ran without any active neuron") {
  const std::vector<LayerActivity> layers = {
      layer("fc1", 100, 3), layer("fc2", 100, 0), layer("fc3", 0, 0), layer("fc4", 50, 0)};
  CHECK(silent_layers(layers) == std::vector<std::string>{"fc2", "fc4"});
  const std::string warning = silence_warning(layers);
  CHECK(warning.find("fc2, fc4") != std::string::npos);
  CHECK(warning.find("calibrate") != std::string::npos);
}

TEST_CASE("an active network gives no warning") {
  CHECK(silence_warning(std::vector<LayerActivity>{layer("fc1", 100, 1)}).empty());
  CHECK(silence_warning({}).empty());
}

}  // namespace spiketape
