#include "apps/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "apps/device_batches.hpp"
#include "apps/train_report.hpp"
#include "autograd/clip.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "layers/calibrate.hpp"

namespace spiketape::apps {
namespace {

DataSets load_data(const Recipe& recipe) {
  recipe.train.apply();
  recipe.train.apply_path_table();
  return recipe.load();
}

std::unique_ptr<SpikingNet> build_network(const Recipe& recipe, const Dataset& data) {
  std::unique_ptr<SpikingNet> net = recipe.build(data);
  net->to(parse_device(recipe.train.device));
  return net;
}

LoaderOptions loader_options(const TrainSettings& settings) {
  return {
      .batch = settings.batch, .shuffle = true, .seed = static_cast<std::uint64_t>(settings.seed)};
}

std::optional<AugmentedDataset> augmented(const Recipe& recipe,
                                          const Dataset& data,
                                          const Split& split) {
  AugmentOptions options = recipe.augment.options(recipe.network.dt);
  if (!options.any()) return std::nullopt;
  options.merge_repeats = recipe.merges_repeats();
  options.sensor = recipe.sensor();
  options.seed = static_cast<std::uint64_t>(recipe.train.seed);
  return std::make_optional<AugmentedDataset>(data, split.training, options);
}

/// Before it is saved: a step may have made weights infinite, which the next forward pass would
/// find too late.
void require_finite(const Checkpoint& checkpoint) {
  for (const NamedTensor& parameter : checkpoint.parameters) {
    for (const float value : parameter.tensor.values()) {
      if (std::isfinite(value)) continue;
      throw NumericError(
          fmt::format("{}: expected finite weights, found {}", parameter.name, value));
    }
  }
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

Trainer::Trainer(
    const Recipe& recipe, RunFolder folder, std::string config_text, TrainHooks hooks, bool resume)
    : recipe_(recipe),
      folder_(std::move(folder)),
      config_text_(std::move(config_text)),
      hooks_(std::move(hooks)),
      data_(load_data(recipe)),
      split_(split_validation(data_.train->size(),
                              recipe.train.validation,
                              static_cast<std::uint64_t>(recipe.train.seed))),
      augmented_(augmented(recipe, *data_.train, split_)),
      net_(build_network(recipe, *data_.train)),
      optimizer_(make_optimizer(recipe.train, net_->parameters())),
      step_([this](const SpikeVariable& spikes,
                   std::span<const std::int32_t> labels) { return learn(spikes, labels); },
            !recipe.train.no_graph),
      loader_(augmented_ ? static_cast<const Dataset&>(*augmented_) : *data_.train,
              split_.training,
              loader_options(recipe.train)),
      schedule_(make_schedule(recipe.train, loader_.batches())),
      progress_(hooks_.progress_bar) {
  hooks_.print(describe_run(recipe_, *net_, data_, split_, folder_));
  if (resume) {
    load_checkpoint_file();
  } else {
    calibrate_weights();
    folder_.create(config_text_);
    save_state();
  }
}

void Trainer::calibrate_weights() {
  if (recipe_.train.calibrate == 0.0) return;
  std::vector<std::int64_t> samples = loader_.order(0);
  samples.resize(std::min(samples.size(), static_cast<std::size_t>(recipe_.train.batch)));
  const SpikeTensor spikes = make_batch(*data_.train, samples).spikes.to(net_->device());
  net_->set_training(false);
  const auto layers = calibrate(*net_, spikes, recipe_.train.calibrate);
  std::string report = describe(layers);
  if (recipe_.train.score_spread > 0.0) {
    const double factor = calibrate_scores([&] { return net_->forward(spikes).scores; },
                                           net_->readout_weights(),
                                           recipe_.train.score_spread);
    report += fmt::format(
        "out: weights x {:.3g}, scores {:g} apart\n", factor, recipe_.train.score_spread);
  }
  net_->set_training(true);
  net_->reset_activity();
  hooks_.print(report);
}

void Trainer::load_checkpoint_file() {
  const Checkpoint checkpoint = load_checkpoint(folder_.checkpoint());
  state_ = TrainState::load(checkpoint, folder_.checkpoint().string());
  if (state_.batch > loader_.batches()) {
    throw DataError(
        fmt::format("{}: stands at batch {}, but an epoch of this data has {}; give "
                    "the --data that the run began with",
                    folder_.checkpoint().string(),
                    state_.batch,
                    loader_.batches()));
  }
  restore(checkpoint, *net_, optimizer_.get());
  folder_.write_config(config_text_);
  folder_.keep_epochs(state_.epoch);
  hooks_.print(fmt::format("resumed at epoch {}, batch {}", state_.epoch + 1, state_.batch));
}

TrainResult Trainer::run() {
  saved_at_ = Clock::now();
  try {
    while (state_.epoch < recipe_.train.epochs) {
      if (!run_batches()) return {.finished = false, .state = state_, .test = {}};
      finish_epoch();
    }
    return {.finished = true, .state = state_, .test = test_best()};
  } catch (const NumericError& error) {
    progress_.clear();
    throw NumericError(
        fmt::format("{}; {} keeps the last state that was saved; a lower --lr or --clip 1 may help",
                    error.what(),
                    folder_.checkpoint().string()));
  }
}

bool Trainer::run_batches() {
  epoch_begun_ = Clock::now();
  loader_.set_epoch(state_.epoch, state_.batch);
  progress_.begin(fmt::format("epoch {}/{}", state_.epoch + 1, recipe_.train.epochs),
                  state_.batch,
                  loader_.batches());
  DeviceBatches batches(loader_, net_->device());
  while (const Batch* batch = batches.next()) {
    train_on(*batch);
    if (progress_.due()) {
      const auto activity = total_activity(*net_, state_);
      progress_.update(state_.batch,
                       {state_.mean_loss(), state_.accuracy(), mean_active_percent(activity)});
    }
    if (hooks_.stop()) {
      progress_.clear();
      save_state();
      return false;
    }
    if (seconds_since(saved_at_) > recipe_.train.checkpoint_seconds) save_state();
  }
  train_seconds_ = epoch_seconds();
  progress_.clear();
  return true;
}

std::vector<Variable> Trainer::learn(const SpikeVariable& spikes,
                                     std::span<const std::int32_t> labels) {
  Tape tape;
  const SpikingNet::Output output = net_->forward(spikes);
  const Variable loss = net_->loss(output, labels);
  tape.backward(loss);
  if (recipe_.train.clip == 0.0) optimizer_->step();
  return {loss, output.scores};
}

void Trainer::train_on(const Batch& batch) {
  const std::int64_t batches = loader_.batches();
  optimizer_->set_learning_rate(schedule_.rate(static_cast<float>(recipe_.train.lr),
                                               state_.epoch * batches + state_.batch,
                                               recipe_.train.epochs * batches));
  const bool could_replay = step_.why_not().empty();
  const std::vector<Tensor> results = step_(batch.spikes, batch.labels);
  if (could_replay && !step_.why_not().empty()) {
    progress_.clear();
    hooks_.print("steps are not replayed as a CUDA graph: " + step_.why_not());
  }
  if (recipe_.train.clip > 0.0) {  // the host waits for the norm
    clip_gradient_norm(optimizer_->parameters(), static_cast<float>(recipe_.train.clip));
    optimizer_->step();
  }

  state_.loss += static_cast<double>(results[0].item()) * static_cast<double>(batch.size());
  const std::vector<std::int32_t> answered = answers(results[1]);
  for (std::size_t i = 0; i < answered.size(); ++i)
    state_.correct += answered[i] == batch.labels[i];
  state_.samples += batch.size();
  ++state_.batch;
}

void Trainer::finish_epoch() {
  const auto activity = total_activity(*net_, state_);
  EpochMetrics metrics;
  metrics.epoch = state_.epoch + 1;
  metrics.train_loss = state_.mean_loss();
  metrics.train_accuracy = state_.accuracy();
  metrics.step_seconds = train_seconds_ / static_cast<double>(loader_.batches());
  for (const LayerActivity& layer : activity) {
    metrics.spikes_percent.push_back(layer.monitor->spikes_percent());
    metrics.active_percent.push_back(layer.monitor->active_percent());
  }
  metrics.validation_loss = std::numeric_limits<double>::quiet_NaN();
  metrics.validation_accuracy = std::numeric_limits<double>::quiet_NaN();
  if (!split_.validation.empty()) {
    const Evaluation validation = evaluate(
        *net_, *data_.train, split_.validation, recipe_.train.batch, Activity::spikes_only);
    metrics.validation_loss = validation.loss;
    metrics.validation_accuracy = validation.accuracy;
  }
  net_->reset_activity();
  metrics.seconds = epoch_seconds();
  hooks_.print(epoch_line(metrics, recipe_.train.epochs));
  if (const std::string warning = activity_warning(activity);
      !warning.empty() && (metrics.epoch == 1 || !silent_layers(activity).empty())) {
    hooks_.print("warning: " + warning);
  }

  folder_.append(metrics);
  const bool best = state_.take_best(metrics);
  state_.next_epoch();
  if (best) save_checkpoint(folder_.best(), network_checkpoint(nullptr));
  save_state();
}

void Trainer::save_state() {
  Checkpoint checkpoint = network_checkpoint(optimizer_.get());
  TrainState now = state_;
  if (now.batch > 0) {
    now.seconds = epoch_seconds();
    now.activity.clear();
    for (const LayerActivity& layer : total_activity(*net_, state_)) {
      now.activity.push_back(*layer.monitor);
    }
  }
  now.save(checkpoint);
  save_checkpoint(folder_.checkpoint(), checkpoint);
  saved_at_ = Clock::now();
}

Checkpoint Trainer::network_checkpoint(const Optimizer* optimizer) const {
  Checkpoint checkpoint = snapshot(*net_, optimizer);
  require_finite(checkpoint);
  checkpoint.epoch = state_.epoch;
  checkpoint.batch = state_.batch;
  checkpoint.attributes["config"] = config_text_;
  checkpoint.attributes["best_epoch"] = state_.best_epoch;
  checkpoint.attributes["best_accuracy"] = state_.best_accuracy;
  return checkpoint;
}

Evaluation Trainer::test_best() {
  restore(load_checkpoint(folder_.best()), *net_);
  const std::vector<std::int64_t> samples = all_samples(data_.test->size());
  Evaluation test =
      evaluate(*net_, *data_.test, samples, recipe_.train.batch, Activity::spikes_only);
  hooks_.print(test_line(test, state_, split_.validation.empty()));
  return test;
}

double Trainer::epoch_seconds() const { return state_.seconds + seconds_since(epoch_begun_); }

}  // namespace spiketape::apps
