#include "apps/trained_run.hpp"

#include <variant>

#include <fmt/format.h>

#include "apps/config.hpp"
#include "apps/recipes/registry.hpp"
#include "apps/run_folder.hpp"
#include "core/error.hpp"

namespace spiketape::apps {
namespace fs = std::filesystem;
namespace {

fs::path checkpoint_of(const fs::path& run) {
  if (!fs::is_directory(run)) return run;
  const RunFolder folder(run);
  if (fs::exists(folder.best())) return folder.best();
  throw DataError(fmt::format(
      "{}: best.h5 is missing; expected a run folder in which an epoch has ended, or a .h5 file",
      run.string()));
}

Config config_of(const Checkpoint& checkpoint, const std::string& file) {
  const auto found = checkpoint.attributes.find("config");
  const std::string* text =
      found == checkpoint.attributes.end() ? nullptr : std::get_if<std::string>(&found->second);
  if (text == nullptr) {
    throw DataError(fmt::format(
        "{}: holds no settings; expected a checkpoint that spiketape train has written", file));
  }
  return parse_config(*text, file);
}

}  // namespace

std::unique_ptr<SpikingNet> TrainedRun::network(const Dataset& data) const {
  std::unique_ptr<SpikingNet> net = recipe->build(data);
  net->to(parse_device(recipe->train.device));
  restore(checkpoint, *net);
  return net;
}

TrainedRun open_trained_run(const fs::path& run, const RunPlace& place) {
  TrainedRun trained;
  trained.file = checkpoint_of(run);
  trained.checkpoint = load_checkpoint(trained.file);
  const Config config = config_of(trained.checkpoint, trained.file.string());
  trained.recipe_name = config.recipe;
  trained.recipe = make_recipe(config.recipe);
  Settings settings = trained.recipe->settings();
  apply_config(config, settings);
  if (!place.device.empty()) trained.recipe->train.device = place.device;
  if (!place.data.empty()) {
    Setting* folder = find_setting(settings, "data");
    if (folder == nullptr) {
      throw Error(fmt::format("--data: recipe {} makes its own data; drop it", config.recipe));
    }
    set_from_text(*folder, place.data);
  }
  trained.recipe->resolve();
  return trained;
}

}  // namespace spiketape::apps
