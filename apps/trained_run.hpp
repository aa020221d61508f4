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

  /// The recipe's network for such data, with the weights of the run, on its device. @throws Error
  /// when they do not fit.
  std::unique_ptr<SpikingNet> network(const Dataset& data) const;
};

/// What may differ from the run's own settings; what is empty does not.
struct RunPlace {
  std::string data = {};    ///< folder
  std::string device = {};  ///< cpu, cuda or cuda:N
};

/// Opens a run folder (its best.h5) or a checkpoint file.
/// @throws DataError when there is no such run or file, or it holds no settings; Error when data
/// are given for a recipe that makes its own; BackendError for a device that is not there.
TrainedRun open_trained_run(const std::filesystem::path& run, const RunPlace& place = {});

}  // namespace spiketape::apps
