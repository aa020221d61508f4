#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "apps/recipes/recipe.hpp"
#include "layers/checkpoint.hpp"

namespace spiketape::apps {

/// What `spiketape train` left behind: weights, and the recipe with the settings that are saved
/// among them.
struct TrainedRun {
  std::filesystem::path file;  ///< the checkpoint
  Checkpoint checkpoint;
  std::string recipe_name;
  std::unique_ptr<Recipe> recipe;

  /// The recipe's network for such data, with the weights of the run. @throws Error when they do
  /// not fit.
  std::unique_ptr<SpikingNet> network(const Dataset& data) const;
};

/// Opens a run folder (its best.h5) or a checkpoint file. `data` replaces the data folder of the
/// run when it is not empty.
/// @throws DataError when there is no such run or file, or it holds no settings; Error when `data`
/// is given for a recipe that makes its own.
TrainedRun open_trained_run(const std::filesystem::path& run, const std::string& data = "");

}  // namespace spiketape::apps
