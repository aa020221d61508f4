#pragma once

#include <memory>
#include <string>

#include "apps/recipes/recipe.hpp"
#include "apps/setting_options.hpp"
#include "apps/trainer.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 chose it
class App;
}

namespace spiketape::apps {

/// Registers `spiketape train`.
void add_train(CLI::App& app);

/// What was typed after `spiketape train`.
struct TrainArguments {
  std::string recipe;  ///< empty: from `config`, or from the run that is resumed
  std::string config;  ///< a config.toml to repeat, or empty
  std::string out;     ///< the run folder; empty: runs/<recipe>-<n>
  bool resume = false;
  bool quiet = false;
  TypedSettings settings;
};

/// A run that is ready to start.
struct TrainJob {
  std::string recipe_name;
  std::unique_ptr<Recipe> recipe;
  std::string out;
  bool resume = false;
  std::string config_text;  ///< every setting, resolved
};

/// Puts together recipe, config file and settings; settings that were typed win over the file.
/// @throws Error for an unknown recipe or setting, a value of the wrong type, or a resumed run with
/// other settings than it began with.
TrainJob prepare_train(const TrainArguments& arguments);

/// Trains the job in its folder. @throws Error as Trainer and RunFolder do.
TrainResult run_train(const TrainJob& job, const TrainHooks& hooks);

}  // namespace spiketape::apps
