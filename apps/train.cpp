#include "apps/train.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "apps/recipes/registry.hpp"
#include "core/error.hpp"

namespace spiketape::apps {
namespace fs = std::filesystem;
namespace {

/// The folder of the run to resume: the one named, or the newest of the recipe.
std::string resumed_folder(const TrainArguments& arguments) {
  if (!arguments.out.empty()) return arguments.out;
  if (arguments.recipe.empty()) {
    throw Error("--resume: name the run folder with --out, or a recipe to resume its newest run");
  }
  std::string last = last_run_path(arguments.recipe).string();
  if (last.empty()) {
    throw Error(fmt::format(
        "--resume: there is no run runs/{}-<n> here; name its folder with --out, or drop --resume "
        "to start one",
        arguments.recipe));
  }
  return last;
}

/// Sets what was typed. Of a resumed run only settings may change that its numbers do not depend
/// on.
void apply_typed(const TrainArguments& arguments, const TrainJob& job, Settings& settings) {
  for (const auto& [name, text] : arguments.settings) {
    Setting* setting = find_setting(settings, name);
    if (setting == nullptr) {
      std::vector<std::string> known;
      for (const Setting& one : settings) known.push_back(one.name);
      throw Error(fmt::format("{}: recipe {} has no such setting; it has {}",
                              name,
                              job.recipe_name,
                              join_names(known)));
    }
    const std::string before = to_toml(*setting);
    set_from_text(*setting, text);
    if (job.resume && !TrainSettings::may_change_on_resume(name) && to_toml(*setting) != before) {
      throw Error(fmt::format(
          "{}: the run in {} has {}, but {} was asked for; drop the option, or start a new run",
          option_name(*setting),
          job.out,
          before,
          to_toml(*setting)));
    }
  }
}

/// The variant that was typed, else the file's, else "". @throws Error when they differ: the file's
/// settings are those of its own variant.
std::string chosen_variant(const TrainArguments& arguments, const Config& config) {
  std::string of_file;
  for (const Config::Entry& entry : config.entries)
    if (entry.name == "variant") of_file = entry.text;
  std::string chosen = of_file;
  for (const auto& setting : arguments.settings)
    if (setting.first == "variant") chosen = setting.second;
  if (!of_file.empty() && chosen != of_file)
    throw Error(
        fmt::format("variant: {} holds the settings of '{}', but '{}' was typed; leave out "
                    "--config or --variant",
                    config.file,
                    of_file,
                    chosen));
  return chosen;
}

/// A path in config.toml must mean the same from any folder.
void make_paths_absolute(Settings& settings) {
  for (const char* const name : {"data", "path_table"}) {
    Setting* const setting = find_setting(settings, name);
    if (setting == nullptr) continue;
    auto* const* path = std::get_if<std::string*>(&setting->value);
    if (path != nullptr && !(*path)->empty())
      **path = fs::absolute(**path).lexically_normal().string();
  }
}

}  // namespace

TrainJob prepare_train(const TrainArguments& arguments) {
  TrainJob job;
  job.resume = arguments.resume;
  job.out = arguments.resume ? resumed_folder(arguments) : arguments.out;
  if (job.resume && !arguments.config.empty()) {
    throw Error("--config: a resumed run keeps its own config.toml; drop --config or --resume");
  }
  Config config;
  if (job.resume) {
    const RunFolder folder(job.out);
    folder.require_run();
    config = read_config(folder.config().string());
  } else if (!arguments.config.empty()) {
    config = read_config(arguments.config);
  }
  if (!config.recipe.empty() && !arguments.recipe.empty() && config.recipe != arguments.recipe) {
    throw Error(
        fmt::format("recipe: {} is for {}, not {}", config.file, config.recipe, arguments.recipe));
  }
  job.recipe_name = arguments.recipe.empty() ? config.recipe : arguments.recipe;
  if (job.recipe_name.empty()) {
    throw Error("recipe: name one, e.g. spiketape train randman, or give --config FILE");
  }
  job.recipe = make_recipe(job.recipe_name);
  if (const std::string variant = chosen_variant(arguments, config); !variant.empty())
    job.recipe->choose_variant(variant);
  Settings settings = job.recipe->settings();
  apply_config(config, settings);
  apply_typed(arguments, job, settings);
  make_paths_absolute(settings);
  job.recipe->resolve();
  job.config_text = config_text(job.recipe_name, settings);
  if (job.out.empty()) job.out = next_run_path(job.recipe_name).string();
  return job;
}

TrainResult run_train(const TrainJob& job, const TrainHooks& hooks) {
  const RunFolder folder(job.out);
  if (!job.resume) folder.require_no_run();
  return Trainer(*job.recipe, folder, job.config_text, hooks, job.resume).run();
}

}  // namespace spiketape::apps
