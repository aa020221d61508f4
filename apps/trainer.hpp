#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "apps/evaluate.hpp"
#include "apps/progress.hpp"
#include "apps/recipes/recipe.hpp"
#include "apps/run_folder.hpp"
#include "apps/train_state.hpp"
#include "autograd/optimizer.hpp"
#include "autograd/step_graph.hpp"
#include "data/augment.hpp"
#include "data/loader.hpp"
#include "data/split.hpp"

namespace spiketape::apps {

/// How a trainer talks to the outside.
struct TrainHooks {
  std::function<void(const std::string& line)> print = [](const std::string&) {};
  /// Asked after each batch: true ends the run there, with a checkpoint.
  std::function<bool()> stop = [] { return false; };
  bool progress_bar = false;
};

struct TrainResult {
  bool finished = false;  ///< false: stopped on request
  TrainState state;       ///< where it stands
  Evaluation test;        ///< of the best epoch, when finished
};

/// Trains a recipe's network in a run folder.
///
/// After each epoch, after `checkpoint_seconds` within one, and on a stop, checkpoint.h5 takes
/// everything that training goes on from; best.h5 takes the network of the best validation epoch. A
/// resumed trainer computes bit for bit what a run that was never stopped would have.
class Trainer {
 public:
  /// `recipe` is resolved and must outlive the trainer. Starts anew and makes the folder, or
  /// resumes from its checkpoint.
  /// @throws Error for data, settings or a checkpoint that do not fit.
  Trainer(const Recipe& recipe,
          RunFolder folder,
          std::string config_text,
          TrainHooks hooks,
          bool resume);

  /// Trains the epochs that are left, then tests the best one.
  /// @throws NumericError when a number is no longer finite (the last checkpoint stays as it is);
  /// DataError when a file cannot be written (the old one survives).
  TrainResult run();

  const SpikingNet& net() const { return *net_; }

 private:
  using Clock = std::chrono::steady_clock;

  void calibrate_weights();
  void load_checkpoint_file();
  /// False when stopped.
  bool run_batches();
  /// Gradients of one batch; returns its loss and scores. The body of step_.
  std::vector<Variable> learn(const SpikeVariable& spikes, std::span<const std::int32_t> labels);
  void train_on(const Batch& batch);
  void finish_epoch();
  void save_state();
  Checkpoint network_checkpoint(const Optimizer* optimizer) const;
  Evaluation test_best();
  double epoch_seconds() const;

  const Recipe& recipe_;
  RunFolder folder_;
  std::string config_text_;
  TrainHooks hooks_;
  DataSets data_;
  Split split_;
  std::optional<AugmentedDataset> augmented_;  ///< what is trained on, when it differs
  std::unique_ptr<SpikingNet> net_;
  std::unique_ptr<Optimizer> optimizer_;
  StepGraph step_;
  Loader loader_;
  Schedule schedule_;
  Progress progress_;
  TrainState state_;
  double train_seconds_ = 0.0;
  Clock::time_point epoch_begun_{};
  Clock::time_point saved_at_{};
};

}  // namespace spiketape::apps
