#include "apps/evaluate.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/device_batches.hpp"
#include "autograd/tape.hpp"
#include "data/loader.hpp"

namespace spiketape::apps {
namespace {

/// Evaluation mode while it lives.
class EvaluationMode {
 public:
  explicit EvaluationMode(Module& net) : net_(net), training_(net.training()) {
    net_.set_training(false);
  }
  ~EvaluationMode() { net_.set_training(training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  Module& net_;
  bool training_;
};

}  // namespace

std::vector<std::int32_t> answers(const Tensor& scores) {
  const Tensor on_host = scores.to(kCpu);
  const std::int64_t classes = scores.dim(1);
  std::vector<std::int32_t> best;
  best.reserve(static_cast<std::size_t>(scores.dim(0)));
  for (std::int64_t sample = 0; sample < scores.dim(0); ++sample) {
    const float* row = on_host.data() + sample * classes;
    best.push_back(static_cast<std::int32_t>(std::max_element(row, row + classes) - row));
  }
  return best;
}

Evaluation evaluate(SpikingNet& net,
                    const Dataset& data,
                    std::span<const std::int64_t> samples,
                    std::int64_t batch,
                    Activity activity) {
  const EvaluationMode mode(net);
  const auto classes = static_cast<std::size_t>(data.classes());
  Evaluation result;
  result.confusion.assign(classes, std::vector<std::int64_t>(classes, 0));
  net.reset_activity();
  double loss = 0.0;
  std::int64_t correct = 0;
  Loader loader(data, {samples.begin(), samples.end()}, {.batch = batch, .shuffle = false});
  DeviceBatches batches(loader, net.device());
  while (const Batch* part = batches.next()) {
    std::optional<Tape> tape;
    if (activity == Activity::with_active_set) tape.emplace();
    const SpikingNet::Output output = net.forward(part->spikes);
    loss += static_cast<double>(net.loss(output, part->labels).item()) *
            static_cast<double>(part->size());
    const std::vector<std::int32_t> answered = answers(output.scores.value());
    for (std::size_t i = 0; i < answered.size(); ++i) {
      const auto label = static_cast<std::size_t>(part->labels[i]);
      ++result.confusion[label][static_cast<std::size_t>(answered[i])];
      correct += answered[i] == part->labels[i];
    }
    result.samples += part->size();
  }
  result.loss = loss / static_cast<double>(result.samples);
  result.accuracy = static_cast<double>(correct) / static_cast<double>(result.samples);
  for (const LayerActivity& layer : net.activity()) {
    result.spikes_percent.push_back(layer.monitor->spikes_percent());
    if (activity == Activity::with_active_set)
      result.active_percent.push_back(layer.monitor->active_percent());
  }
  net.reset_activity();
  return result;
}

std::string to_json(const Evaluation& evaluation) {
  nlohmann::ordered_json json;
  json["accuracy"] = evaluation.accuracy;
  json["loss"] = evaluation.loss;
  json["samples"] = evaluation.samples;
  json["confusion"] = evaluation.confusion;
  json["spikes_percent"] = evaluation.spikes_percent;
  json["active_percent"] = evaluation.active_percent;
  return json.dump();
}

std::string in_words(const Evaluation& evaluation) {
  std::string text = fmt::format("samples   {}\naccuracy  {:.2f} %\nloss      {:.4f}\n",
                                 evaluation.samples,
                                 100.0 * evaluation.accuracy,
                                 evaluation.loss);
  text += fmt::format("spikes    {:.3f} % of neurons and steps, layer by layer\n",
                      fmt::join(evaluation.spikes_percent, " %, "));
  if (!evaluation.active_percent.empty()) {
    text += fmt::format("active    {:.3f} %\n", fmt::join(evaluation.active_percent, " %, "));
  }
  text += "confusion (row: true class, column: answer)\n";
  for (std::size_t label = 0; label < evaluation.confusion.size(); ++label) {
    text += fmt::format("{:>4} |", label);
    for (const std::int64_t count : evaluation.confusion[label]) {
      text += fmt::format(" {:>5}", count);
    }
    text += '\n';
  }
  return text;
}

}  // namespace spiketape::apps
