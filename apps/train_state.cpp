#include "apps/train_state.hpp"

#include <cmath>
#include <memory>
#include <variant>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape::apps {
namespace {

/// Reads attributes of one checkpoint; a missing one is an error that names it.
struct Reader {
  const Checkpoint& checkpoint;
  const std::string& file;

  template <typename T>
  void operator()(const std::string& name, T& value) const {
    const auto found = checkpoint.attributes.find(name);
    const T* held = found == checkpoint.attributes.end() ? nullptr : std::get_if<T>(&found->second);
    if (held == nullptr) {
      throw DataError(fmt::format(
          "{}: has no '{}', so it is not the checkpoint of a training run; expected checkpoint.h5 "
          "of a run folder",
          file,
          name));
    }
    value = *held;
  }
};

struct Writer {
  Checkpoint& checkpoint;

  template <typename T>
  void operator()(const std::string& name, const T& value) const {
    checkpoint.attributes[name] = value;
  }
};

/// One place that names what is saved, for both directions.
template <typename Visit, typename State>
void visit_fields(const Visit& visit, State& state) {
  visit("sum_loss", state.loss);
  visit("sum_correct", state.correct);
  visit("sum_samples", state.samples);
  visit("seconds", state.seconds);
  visit("best_epoch", state.best_epoch);
  visit("best_accuracy", state.best_accuracy);
  visit("best_loss", state.best_loss);
  for (std::size_t layer = 0; layer < state.activity.size(); ++layer) {
    visit(fmt::format("layer{}_neuron_steps", layer), state.activity[layer].neuron_steps);
    visit(fmt::format("layer{}_spikes", layer), state.activity[layer].spikes);
    visit(fmt::format("layer{}_active", layer), state.activity[layer].active);
  }
}

}  // namespace

double TrainState::mean_loss() const {
  return samples == 0 ? 0.0 : loss / static_cast<double>(samples);
}

double TrainState::accuracy() const {
  return samples == 0 ? 0.0 : static_cast<double>(correct) / static_cast<double>(samples);
}

void TrainState::next_epoch() {
  ++epoch;
  batch = 0;
  loss = 0.0;
  correct = 0;
  samples = 0;
  seconds = 0.0;
  activity.clear();
}

bool TrainState::take_best(const EpochMetrics& metrics) {
  const bool better =
      best_epoch == 0 || std::isnan(metrics.validation_accuracy) ||
      metrics.validation_accuracy > best_accuracy ||
      (metrics.validation_accuracy == best_accuracy && metrics.validation_loss < best_loss);
  if (!better) return false;
  best_epoch = metrics.epoch;
  best_accuracy = metrics.validation_accuracy;
  best_loss = metrics.validation_loss;
  return true;
}

void TrainState::save(Checkpoint& checkpoint) const {
  checkpoint.epoch = epoch;
  checkpoint.batch = batch;
  checkpoint.attributes["layers"] = static_cast<std::int64_t>(activity.size());
  visit_fields(Writer{checkpoint}, *this);
}

TrainState TrainState::load(const Checkpoint& checkpoint, const std::string& file) {
  TrainState state;
  const Reader read{checkpoint, file};
  std::int64_t layers = 0;
  read("layers", layers);
  if (layers < 0 || layers > 1000) {
    throw DataError(fmt::format("{}: expected 0 to 1000 layers, the file says {}", file, layers));
  }
  state.activity.resize(static_cast<std::size_t>(layers));
  visit_fields(read, state);
  state.epoch = checkpoint.epoch;
  state.batch = checkpoint.batch;
  if (state.epoch < 0 || state.batch < 0) {
    throw DataError(
        fmt::format("{}: expected epoch and batch of 0 or more, the file says {} and {}",
                    file,
                    state.epoch,
                    state.batch));
  }
  return state;
}

std::vector<LayerActivity> total_activity(const SpikingNet& net, const TrainState& state) {
  std::vector<LayerActivity> total;
  for (std::size_t layer = 0; layer < net.hidden_layers(); ++layer) {
    LayerActivity sum{fmt::format("fc{}", layer + 1), std::make_shared<Monitor>()};
    if (layer < net.activity().size()) *sum.monitor = *net.activity()[layer].monitor;
    if (layer < state.activity.size()) {
      sum.monitor->neuron_steps += state.activity[layer].neuron_steps;
      sum.monitor->spikes += state.activity[layer].spikes;
      sum.monitor->active += state.activity[layer].active;
    }
    total.push_back(std::move(sum));
  }
  return total;
}

}  // namespace spiketape::apps
