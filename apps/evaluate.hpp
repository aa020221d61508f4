#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "apps/recipes/network.hpp"
#include "data/dataset.hpp"

namespace spiketape::apps {

/// Whether the active set is measured, too: it is recorded under a tape only, which costs time and
/// memory.
enum class Activity { spikes_only, with_active_set };

/// How well a network does on some samples.
struct Evaluation {
  std::int64_t samples = 0;
  double loss = 0.0;      ///< mean over samples of what training minimises, regularisers included
  double accuracy = 0.0;  ///< fraction of samples whose highest score is their class
  std::vector<std::vector<std::int64_t>> confusion;  ///< [true class][answer]
  std::vector<double> spikes_percent;                ///< of neurons and steps, one a hidden layer
  std::vector<double> active_percent;                ///< the same; empty when not measured
};

/// Runs `samples` of `data` through the network in evaluation mode, where its parameters are;
/// dropout is off. Resets the network's activity.
Evaluation evaluate(SpikingNet& net,
                    const Dataset& data,
                    std::span<const std::int64_t> samples,
                    std::int64_t batch,
                    Activity activity);

/// The class of the highest score of each row of scores [batch, class]; the first one wins ties.
std::vector<std::int32_t> answers(const Tensor& scores);

/// {"accuracy": ..., "loss": ..., "samples": ..., "confusion": ..., "spikes_percent": ...,
/// "active_percent": ...}
std::string to_json(const Evaluation& evaluation);

/// Accuracy, activity and the confusion matrix as a table for people.
std::string in_words(const Evaluation& evaluation);

}  // namespace spiketape::apps
