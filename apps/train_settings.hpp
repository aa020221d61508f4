#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apps/config.hpp"
#include "autograd/named.hpp"
#include "autograd/optimizer.hpp"
#include "autograd/schedule.hpp"

namespace spiketape::apps {

/// How a network is trained. The defaults are the paper's: Adam, learning rate 2e-4, batches of
/// 256.
struct TrainSettings {
  std::int64_t epochs = 100;
  std::int64_t batch = 256;
  std::string optimizer = "adam";
  double lr = 2e-4;
  double momentum = 0.9;
  double weight_decay = 1e-2;
  std::string schedule = "constant";
  std::int64_t schedule_epochs = 30;
  double schedule_factor = 0.1;
  double warm_up = 0.0;
  double clip = 0.0;
  double calibrate = 0.0;
  double score_spread = 0.0;
  double validation = 0.1;
  std::int64_t seed = 0;
  std::int64_t threads = 0;
  std::string device = "cpu";
  bool deterministic = false;
  bool no_graph = false;
  std::string path_table;
  double checkpoint_seconds = 60.0;

  Settings settings();
  /// @throws Error for numbers that make no sense; BackendError for a device that is not there.
  void check() const;

  /// Sets what holds for the whole process: the number of threads, and whether cards are
  /// deterministic.
  void apply() const;
  /// Sets what path auto follows on the card that trains; on the CPU nothing.
  /// @throws DataError for a file that is no table of this card.
  void apply_path_table() const;

  /// Settings that a resumed run may change, because they do not change what is computed (or,
  /// epochs, only how long; or, device, only the rounding).
  static bool may_change_on_resume(const std::string& name);
};

/// @throws Error for numbers that the optimiser refuses.
std::unique_ptr<Optimizer> make_optimizer(const TrainSettings& settings,
                                          std::vector<NamedVariable> parameters);

Schedule make_schedule(const TrainSettings& settings, std::int64_t batches_per_epoch);

}  // namespace spiketape::apps
