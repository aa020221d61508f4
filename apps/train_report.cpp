#include "apps/train_report.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "apps/info.hpp"
#include "autograd/monitor.hpp"

namespace spiketape::apps {
namespace {

/// Mean number of events of a sample, from at most the first thousand.
double events_per_sample(const Dataset& data) {
  const std::int64_t counted = std::min<std::int64_t>(data.size(), 1000);
  std::vector<StepEvent> scratch;
  std::size_t events = 0;
  for (std::int64_t i = 0; i < counted; ++i) events += data.events(i, 0, scratch).size();
  return counted == 0 ? 0.0 : static_cast<double>(events) / static_cast<double>(counted);
}

std::string percents(const std::vector<double>& values) {
  return fmt::format("{:.2f}", fmt::join(values, " "));
}

}  // namespace

std::string describe_run(const Recipe& recipe,
                         const SpikingNet& net,
                         const DataSets& data,
                         const Split& split,
                         const RunFolder& folder) {
  const TrainSettings& train = recipe.train;
  std::string remarks;
  if (const std::string changes = recipe.augment.in_words(); !changes.empty())
    remarks += fmt::format("augment {}\n", changes);
  for (const std::string& remark : data.remarks) remarks += fmt::format("        {}\n", remark);
  const std::string machine = net.device() == kCpu
                                  ? machine_in_words()
                                  : device_in_words(net.device()) + ", " + machine_in_words();
  return fmt::format(
      "{}"
      "data    {} training, {} validation, {} test samples; {} steps, {} units, {} classes, "
      "{:.0f} spikes a sample\n{}"
      "train   {} epochs, batches of {}, {}, learning rate {:g}, seed {}\n"
      "machine {}\n"
      "run     {}",
      net.in_words(),
      split.training.size(),
      split.validation.size(),
      data.test->size(),
      data.train->steps(),
      data.train->neurons(),
      data.train->classes(),
      events_per_sample(*data.train),
      remarks,
      train.epochs,
      train.batch,
      train.optimizer,
      train.lr,
      train.seed,
      machine,
      folder.path().string());
}

std::string epoch_line(const EpochMetrics& metrics, std::int64_t epochs) {
  std::string text = fmt::format("epoch {:>3}/{}  loss {:.4f}  accuracy {:5.2f} %",
                                 metrics.epoch,
                                 epochs,
                                 metrics.train_loss,
                                 100.0 * metrics.train_accuracy);
  if (!std::isnan(metrics.validation_accuracy)) {
    text += fmt::format("  validation {:.4f} {:5.2f} %",
                        metrics.validation_loss,
                        100.0 * metrics.validation_accuracy);
  }
  return text + fmt::format("  spikes {} %  active {} %  {:.1f} s  {:.1f} ms a step",
                            percents(metrics.spikes_percent),
                            percents(metrics.active_percent),
                            metrics.seconds,
                            1e3 * metrics.step_seconds);
}

std::string test_line(const Evaluation& test, const TrainState& state, bool without_validation) {
  const std::string which = without_validation
                                ? fmt::format("after epoch {}", state.best_epoch)
                                : fmt::format("of epoch {}, the best on validation ({:.2f} %)",
                                              state.best_epoch,
                                              100.0 * state.best_accuracy);
  return fmt::format(
      "test accuracy {:.2f} % ({} samples), {}", 100.0 * test.accuracy, test.samples, which);
}

double mean_active_percent(std::span<const LayerActivity> layers) {
  Monitor sum;
  for (const LayerActivity& layer : layers) {
    sum.neuron_steps += layer.monitor->neuron_steps;
    sum.active += layer.monitor->active;
  }
  return sum.active_percent();
}

}  // namespace spiketape::apps
