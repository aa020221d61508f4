#include "layers/activity.hpp"

#include <vector>

#include <doctest/doctest.h>

namespace spiketape {
namespace {

LayerActivity layer(const char* name,
                    std::int64_t neuron_steps,
                    std::int64_t active,
                    std::int64_t spikes = 0) {
  auto monitor = std::make_shared<Monitor>();
  monitor->neuron_steps = neuron_steps;
  monitor->active = active;
  monitor->spikes = spikes;
  return {name, monitor};
}

}  // namespace

TEST_CASE("a silent layer is one that ran with hardly an active neuron") {
  const std::vector<LayerActivity> layers = {
      layer("fc1", 100, 3), layer("fc2", 20000, 1), layer("fc3", 0, 0), layer("fc4", 50, 0)};
  CHECK(silent_layers(layers) == std::vector<std::string>{"fc2", "fc4"});
  const std::string warning = activity_warning(layers);
  CHECK(warning.find("silent: hardly a neuron of fc2, fc4") != std::string::npos);
  CHECK(warning.find("saturated") == std::string::npos);
  CHECK(warning.find("calibrate") != std::string::npos);
}

TEST_CASE("a saturated layer is one that fires in more than a tenth of all steps") {
  const std::vector<LayerActivity> layers = {
      layer("fc1", 100, 3, 10), layer("fc2", 100, 3, 11), layer("fc3", 100, 0, 90)};
  CHECK(saturated_layers(layers) == std::vector<std::string>{"fc2", "fc3"});
  const std::string warning = activity_warning(layers);
  CHECK(warning.find("silent: hardly a neuron of fc3") != std::string::npos);
  CHECK(warning.find("saturated: fc2, fc3 fires") != std::string::npos);
}

TEST_CASE("an active network gives no warning") {
  CHECK(activity_warning(std::vector<LayerActivity>{layer("fc1", 100, 1)}).empty());
  CHECK(activity_warning({}).empty());
}

}  // namespace spiketape
