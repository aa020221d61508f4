#include "apps/recipes/recipe.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape::apps {

Setting memory_setting(std::int64_t& mebibytes) {
  return {
      "memory_mib",
      &mebibytes,
      "MiB that events may take; a set that needs more is read from the disk each epoch; 0: half "
      "of the machine's memory"};
}

Settings Recipe::settings() {
  Settings all = data_settings();
  if (variants().size() > 1)
    all.insert(all.begin(), {"variant", &variant, "which defaults the recipe has", variants()});
  for (const Settings& more : {network.settings(), train.settings(), augment.settings()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

void Recipe::choose_variant(const std::string& name) {
  const std::vector<std::string> known = variants();
  if (std::find(known.begin(), known.end(), name) == known.end())
    throw Error(fmt::format(
        "variant: this recipe has {}, but '{}' was asked for", join_names(known), name));
  variant = name;
  set_variant(name);
}

void Recipe::resolve() {
  train.check();
  network.resolve();
  augment.check(network.dt);
  const SynapsePath path = parse_synapse_path(network.path);
  if (parse_device(train.device) == kCpu &&
      (path == SynapsePath::cusparse || path == SynapsePath::cublas))
    throw BackendError(fmt::format(
        "path: the CPU has no {}; use --path auto, event or gemm there, or --device cuda",
        network.path));
}

std::unique_ptr<SpikingNet> Recipe::build(const Dataset& data) const {
  return std::make_unique<SpikingNet>(
      data.neurons(), data.classes(), network, static_cast<std::uint64_t>(train.seed));
}

}  // namespace spiketape::apps
