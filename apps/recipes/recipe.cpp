#include "apps/recipes/recipe.hpp"

#include <cstdint>

namespace spiketape::apps {

Settings Recipe::settings() {
  Settings all = data_settings();
  for (const Settings& more : {network.settings(), train.settings()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

void Recipe::resolve() {
  train.check();
  network.resolve();
}

std::unique_ptr<SpikingNet> Recipe::build(const Dataset& data) const {
  return std::make_unique<SpikingNet>(
      data.neurons(), data.classes(), network, static_cast<std::uint64_t>(train.seed));
}

}  // namespace spiketape::apps
