#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "apps/evaluate.hpp"
#include "apps/recipes/recipe.hpp"
#include "apps/run_folder.hpp"
#include "apps/train_state.hpp"
#include "data/split.hpp"
#include "layers/activity.hpp"

/// What `spiketape train` says, in words.
namespace spiketape::apps {

/// Network, data, training, machine and run folder: what is printed first.
std::string describe_run(const Recipe& recipe,
                         const SpikingNet& net,
                         const DataSets& data,
                         const Split& split,
                         const RunFolder& folder);

/// "epoch 3/20  loss ...": the line of an epoch.
std::string epoch_line(const EpochMetrics& metrics, std::int64_t epochs);

/// The last line: accuracy on the test set, and which epoch it is of.
std::string test_line(const Evaluation& test, const TrainState& state, bool without_validation);

/// Active entries of all layers together, in percent of neurons and steps.
double mean_active_percent(std::span<const LayerActivity> layers);

}  // namespace spiketape::apps
