#include "apps/train_settings.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "apps/path_table_file.hpp"
#include "autograd/adam.hpp"
#include "autograd/sgd.hpp"
#include "core/device.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"

namespace spiketape::apps {

Settings TrainSettings::settings() {
  return {
      {"epochs", &epochs, "passes over the training samples"},
      {"batch", &batch, "samples a step"},
      {"optimizer", &optimizer, "how gradients change weights", {"adam", "adamw", "sgd"}},
      {"lr", &lr, "learning rate"},
      {"momentum", &momentum, "of sgd"},
      {"weight_decay", &weight_decay, "of adamw"},
      {"schedule", &schedule, "learning rate over time", {"constant", "cosine", "step"}},
      {"schedule_epochs", &schedule_epochs, "epochs between two falls of schedule step"},
      {"schedule_factor", &schedule_factor, "by which schedule step falls, and where cosine ends"},
      {"warm_up", &warm_up, "epochs in which the learning rate rises from 0; fractions count"},
      {"clip", &clip, "largest norm of the gradient; 0 = any"},
      {"calibrate", &calibrate, "spikes in percent that initial weights are scaled to; 0 = off"},
      {"score_spread",
       &score_spread,
       "how far apart calibrate scales the scores of a sample to be, by the readout's weights; "
       "0 = leave them"},
      {"validation", &validation, "fraction of the training samples held out for validation"},
      {"seed", &seed, "of weights, order, dropout and validation split"},
      {"threads", &threads, "threads; 0 = one a core; results do not depend on it"},
      {"device", &device, "where it runs: cpu, cuda or cuda:N"},
      {"deterministic",
       &deterministic,
       "whether a card gives the same bits from run to run, which is slower; the CPU always does"},
      {"no_graph",
       &no_graph,
       "whether a card runs each training step anew instead of replaying it as a CUDA graph"},
      {"path_table",
       &path_table,
       "file of bench --paths --json that path auto of a card follows; empty = built in"},
      {"checkpoint_seconds", &checkpoint_seconds, "seconds between checkpoints within an epoch"},
  };
}

void TrainSettings::check() const {
  const auto require = [](bool holds, const char* name, const char* expected, auto value) {
    if (!holds) throw Error(fmt::format("{}: expected {}, got {}", name, expected, value));
  };
  require(epochs >= 1, "epochs", "1 or more", epochs);
  require(batch >= 1, "batch", "1 or more", batch);
  require(seed >= 0, "seed", "0 or more", seed);
  require(threads >= 0, "threads", "0 (one a core) or more", threads);
  require(threads <= 4096, "threads", "4096 or less", threads);
  require(clip >= 0.0, "clip", "0 (off) or more", clip);
  require(calibrate >= 0.0 && calibrate < 100.0, "calibrate", "a percentage below 100", calibrate);
  require(
      score_spread >= 0.0 && score_spread <= 1e6, "score_spread", "0 (off) to 1e6", score_spread);
  require(warm_up >= 0.0 && warm_up <= 1e6, "warm_up", "0 to 1e6 epochs", warm_up);
  require(schedule_factor > 0.0 && schedule_factor <= 1.0,
          "schedule_factor",
          "more than 0 and at most 1",
          schedule_factor);
  require(schedule_epochs >= 1, "schedule_epochs", "1 or more", schedule_epochs);
  require(checkpoint_seconds > 0.0, "checkpoint_seconds", "more than 0", checkpoint_seconds);
  require_available(parse_device(device));
}

void TrainSettings::apply() const {
  if (threads > 0) set_thread_count(static_cast<int>(threads));
  set_deterministic(deterministic);
}

void TrainSettings::apply_path_table() const {
  if (const Device on = parse_device(device); on != kCpu) use_path_table(path_table, on);
}

bool TrainSettings::may_change_on_resume(const std::string& name) {
  static constexpr std::array<std::string_view, 8> kNames{"data",
                                                          "epochs",
                                                          "threads",
                                                          "device",
                                                          "no_graph",
                                                          "path_table",
                                                          "checkpoint_seconds",
                                                          "memory_mib"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::unique_ptr<Optimizer> make_optimizer(const TrainSettings& settings,
                                          std::vector<NamedVariable> parameters) {
  const auto rate = static_cast<float>(settings.lr);
  if (settings.optimizer == "sgd") {
    return std::make_unique<Sgd>(
        std::move(parameters),
        SgdOptions{.learning_rate = rate, .momentum = static_cast<float>(settings.momentum)});
  }
  if (settings.optimizer == "adamw") {
    return std::make_unique<AdamW>(
        std::move(parameters),
        AdamWOptions{.learning_rate = rate,
                     .weight_decay = static_cast<float>(settings.weight_decay)});
  }
  return std::make_unique<Adam>(std::move(parameters), AdamOptions{.learning_rate = rate});
}

Schedule make_schedule(const TrainSettings& settings, std::int64_t batches_per_epoch) {
  const auto factor = static_cast<float>(settings.schedule_factor);
  Schedule schedule;
  schedule.warm_up = std::llround(settings.warm_up * static_cast<double>(batches_per_epoch));
  schedule.decay = parse_decay(settings.schedule);
  if (auto* cosine = std::get_if<CosineSchedule>(&schedule.decay)) cosine->final_fraction = factor;
  if (auto* step = std::get_if<StepSchedule>(&schedule.decay)) {
    step->every = settings.schedule_epochs * batches_per_epoch;
    step->factor = factor;
  }
  return schedule;
}

}  // namespace spiketape::apps
