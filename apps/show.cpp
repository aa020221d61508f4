#include "apps/show.hpp"

#include <array>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "apps/show_panels.hpp"
#include "apps/train.hpp"
#include "apps/trained_run.hpp"
#include "core/error.hpp"
#include "data/batch.hpp"

namespace spiketape::apps {
namespace {

std::string typed(const ShowArguments& arguments, const std::string& name) {
  std::string text;
  for (const auto& setting : arguments.settings)
    if (setting.first == name) text = setting.second;
  return text;
}

/// Changes settings that a run's numbers do not depend on. @throws Error for others.
void apply_to_run(const ShowArguments& arguments, Recipe& recipe) {
  Settings settings = recipe.settings();
  for (const auto& [name, text] : arguments.settings) {
    Setting* setting = find_setting(settings, name);
    if (setting == nullptr || !TrainSettings::may_change_on_resume(name))
      throw Error(fmt::format(
          "{}: the settings come from the run {}; drop the option", name, arguments.run));
    set_from_text(*setting, text);
  }
}

/// The recipe as typed: without a checkpoint.
TrainedRun untrained(const ShowArguments& arguments) {
  if (arguments.recipe.empty())
    throw Error("recipe: name one, e.g. spiketape show randman --out x.svg, or give --run");
  TrainArguments train;
  train.recipe = arguments.recipe;
  train.settings = arguments.settings;
  TrainedRun source;
  source.recipe_name = arguments.recipe;
  source.recipe = prepare_train(train).recipe;
  return source;
}

TrainedRun trained(const ShowArguments& arguments) {
  TrainedRun source = open_trained_run(
      arguments.run, {.data = typed(arguments, "data"), .device = typed(arguments, "device")});
  if (!arguments.recipe.empty() && arguments.recipe != source.recipe_name)
    throw Error(fmt::format("recipe: {} is a run of {}, not {}; drop the recipe or the run",
                            arguments.run,
                            source.recipe_name,
                            arguments.recipe));
  apply_to_run(arguments, *source.recipe);
  return source;
}

/// One sample is wanted: recordings that are large need not all be held.
void hold_little(const ShowArguments& arguments, Recipe& recipe) {
  Settings settings = recipe.settings();
  Setting* memory = find_setting(settings, "memory_mib");
  if (memory != nullptr && typed(arguments, "memory_mib").empty()) set_from_text(*memory, "1");
}

const Dataset& part_of(const DataSets& sets, const ShowArguments& arguments) {
  if (arguments.part != "train" && arguments.part != "test")
    throw Error(fmt::format("part: expected train or test, got '{}'", arguments.part));
  const Dataset& data = arguments.part == "train" ? *sets.train : *sets.test;
  if (arguments.sample < 0 || arguments.sample >= data.size())
    throw Error(fmt::format("sample: the {} part has samples 0 to {}, but {} was asked for",
                            arguments.part,
                            data.size() - 1,
                            arguments.sample));
  return data;
}

}  // namespace

Picture collect(const ShowArguments& arguments) {
  const TrainedRun source = arguments.run.empty() ? untrained(arguments) : trained(arguments);
  hold_little(arguments, *source.recipe);
  const Recipe& recipe = *source.recipe;
  recipe.train.apply();
  const DataSets sets = recipe.load();
  const Dataset& data = part_of(sets, arguments);
  const Batch batch = make_batch(data, std::array{arguments.sample});
  Picture picture{.title = fmt::format("{}, {} sample {}, class {}",
                                       source.recipe_name,
                                       arguments.part,
                                       arguments.sample,
                                       batch.labels.front()),
                  .dt = recipe.network.dt,
                  .steps = data.steps(),
                  .rasters = {input_panel(batch.spikes)},
                  .membranes = {},
                  .readouts = {}};
  if (arguments.run.empty()) return picture;
  picture.title += ", run " + arguments.run;
  const std::unique_ptr<SpikingNet> net = source.network(*sets.train);
  add_network({arguments.layer, arguments.neurons}, *net, batch, picture);
  return picture;
}

}  // namespace spiketape::apps
