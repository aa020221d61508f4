#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/recipes/network.hpp"
#include "apps/run_folder.hpp"
#include "autograd/monitor.hpp"
#include "layers/checkpoint.hpp"

namespace spiketape::apps {

/// Where a run stands, the network and its optimiser apart: all that a resumed run needs to go on
/// as if never stopped.
struct TrainState {
  std::int64_t epoch = 0;  ///< epochs done
  std::int64_t batch = 0;  ///< batches done in the epoch under way

  // Sums over the epoch under way.
  double loss = 0.0;  ///< sum over samples
  std::int64_t correct = 0;
  std::int64_t samples = 0;
  double seconds = 0.0;           ///< spent in earlier sessions of this epoch
  std::vector<Monitor> activity;  ///< of each hidden layer in earlier sessions of this epoch

  // The best epoch so far.
  std::int64_t best_epoch = 0;  ///< 0: none yet
  double best_accuracy = 0.0;
  double best_loss = 0.0;

  double mean_loss() const;
  double accuracy() const;
  /// Ends the epoch: the sums start again, the next epoch is under way.
  void next_epoch();
  /// Remembers this epoch when it is better than all before: by validation accuracy, then by
  /// validation loss. Without validation (NaN) the newest is the best. Returns whether it is.
  bool take_best(const EpochMetrics& metrics);

  void save(Checkpoint& checkpoint) const;
  /// @throws DataError when the checkpoint is not of a training run.
  static TrainState load(const Checkpoint& checkpoint, const std::string& file);
};

/// The network's activity since its last reset, added to that of earlier sessions of the epoch.
std::vector<LayerActivity> total_activity(const SpikingNet& net, const TrainState& state);

}  // namespace spiketape::apps
