// Reading guide: calibrate() runs the user's forward under a LayerHook. When a layer is about to
// run, the hook finds the weights in its input current, tries scales on that layer alone (Trial),
// and leaves the best one, so that the forward goes on with the calibrated layer. Search: double or
// halve until the target is bracketed, then bisect the logarithm.
#include "layers/calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "layers/layer_hook.hpp"

namespace spiketape {
namespace {

constexpr int kDoublings = 30;
constexpr int kBisections = 40;

bool contains(const std::vector<Variable>& known, const Variable& variable) {
  return std::any_of(
      known.begin(), known.end(), [&](const Variable& other) { return other.same_as(variable); });
}

/// The distinct weights of a current that are not in `settled`.
std::vector<Variable> weights_of(const Current& current, const std::vector<Variable>& settled) {
  std::vector<Variable> found;
  const auto consider = [&](const Variable& weight) {
    if (weight.defined() && !contains(settled, weight) && !contains(found, weight))
      found.push_back(weight);
  };
  for (const Current::Term& term : current.terms()) consider(term.weight);
  consider(current.recurrence());
  for (const Variable& bias : current.biases()) consider(bias);
  return found;
}

bool all_zero(const Tensor& tensor) {
  const Tensor host = tensor.to(kCpu);
  const auto values = host.values();
  return std::all_of(values.begin(), values.end(), [](float x) { return x == 0.0f; });
}

/// weight = factor * values, on the weight's device; `values` are on the CPU.
void set_scaled(Variable weight, const Tensor& values, double factor) {
  Tensor scaled = Tensor::uninitialized(values.shape(), kCpu, MemoryTag::scratch);
  std::transform(values.values().begin(),
                 values.values().end(),
                 scaled.values().begin(),
                 [factor = static_cast<float>(factor)](float x) { return x * factor; });
  weight.value().copy_from(scaled);
}

/// Runs one layer at different scales of its weights; puts the weights back unless keep() was
/// called.
class Trial {
 public:
  Trial(const Current& current, const NeuronModel& model, std::vector<Variable> weights)
      : current_(current), model_(model), weights_(std::move(weights)) {
    originals_.reserve(weights_.size());
    for (const Variable& weight : weights_)
      originals_.push_back(weight.value().to(kCpu).clone(MemoryTag::scratch));
  }
  ~Trial() {
    if (kept_) return;
    try {
      for (std::size_t w = 0; w < weights_.size(); ++w)
        weights_[w].value().copy_from(originals_[w]);
    } catch (const Error&) {
      // The error is the card's, so the next call finds it, too, and may throw.
    }
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  /// Spikes in percent at `scale`.
  double spikes_percent(double scale) {
    const NoTape silent;
    return run(scale).spikes_percent();
  }
  /// Leaves `scale` in place. Returns the active percent there.
  double keep(double scale) {
    const Tape tape;  // the active set is recorded under a tape only
    const double active = run(scale).active_percent();
    kept_ = true;
    return active;
  }
  int sweeps() const { return sweeps_; }

 private:
  Monitor run(double scale) {
    set_scale(scale);
    ++sweeps_;
    const auto monitor = std::make_shared<Monitor>();
    spike(current_, model_, monitor);
    return *monitor;
  }
  void set_scale(double scale) {
    for (std::size_t w = 0; w < weights_.size(); ++w) set_scaled(weights_[w], originals_[w], scale);
  }

  const Current& current_;
  const NeuronModel& model_;
  std::vector<Variable> weights_;
  std::vector<Tensor> originals_;  // on the CPU
  int sweeps_ = 0;
  bool kept_ = false;
};

struct Point {
  double scale = 1.0;
  double percent = 0.0;
};

/// Why no scale makes the layer fire enough.
[[noreturn]] void throw_unreachable(const Current& current, double target, const Point& best) {
  std::int64_t events = 0;
  bool weights_zero = true;
  bool biases_zero = true;
  for (const Current::Term& term : current.terms()) {
    events += term.source.value().event_count();
    weights_zero = weights_zero && all_zero(term.weight.value());
  }
  for (const Variable& bias : current.biases()) biases_zero = biases_zero && all_zero(bias.value());
  const std::string reason = biases_zero && events == 0
                                 ? "no spikes come in; give a batch that has some"
                             : biases_zero && weights_zero
                                 ? "all its weights are zero; initialize them first"
                                 : fmt::format(
                                       "the most that scaling reached is {:.3g} % at scale {:.3g}; "
                                       "use a lower target or other initial weights",
                                       best.percent,
                                       best.scale);
  throw Error(fmt::format(
      "calibrate: layer '{}' cannot fire {:g} % of its steps: {}", current.name(), target, reason));
}

/// Two scales with the target between them (low.percent < target <= high.percent).
std::pair<Point, Point> bracket(Trial& trial, const Current& current, double target, Point start) {
  Point low = start;
  Point high = start;
  Point most = start;
  for (int i = 0; i < kDoublings && high.percent < target; ++i) {
    low = high;
    high = {2.0 * high.scale, trial.spikes_percent(2.0 * high.scale)};
    if (high.percent > most.percent) most = high;
  }
  if (high.percent < target) throw_unreachable(current, target, most);
  for (int i = 0; i < kDoublings && low.percent >= target; ++i) {
    high = low;
    low = {0.5 * low.scale, trial.spikes_percent(0.5 * low.scale)};
  }
  if (low.percent >= target)
    throw Error(fmt::format(
        "calibrate: layer '{}' fires {:.3g} % even with weights near zero; its threshold must be "
        "above the resting membrane",
        current.name(),
        low.percent));
  return {low, high};
}

Point search(Trial& trial, const Current& current, double target, double tolerance, Point start) {
  const auto distance = [&](const Point& point) { return std::abs(point.percent - target); };
  if (distance(start) <= tolerance * target) return start;
  auto [low, high] = bracket(trial, current, target, start);
  Point best = distance(low) < distance(high) ? low : high;
  for (int i = 0; i < kBisections && distance(best) > tolerance * target; ++i) {
    const double scale = std::sqrt(low.scale * high.scale);
    if (high.scale / low.scale < 1.0 + 1e-6) break;
    const Point middle{scale, trial.spikes_percent(scale)};
    (middle.percent < target ? low : high) = middle;
    if (distance(middle) < distance(best)) best = middle;
  }
  if (distance(best) > tolerance * target &&
      (best.percent < 0.5 * target || best.percent > 2.0 * target))
    throw Error(
        fmt::format("calibrate: the activity of layer '{}' jumps from {:.3g} % to {:.3g} % at "
                    "scale {:.4g}, over "
                    "the target of {:g} %; draw recurrent weights smaller, or use a larger batch "
                    "or another target",
                    current.name(),
                    low.percent,
                    high.percent,
                    high.scale,
                    target));
  return best;
}

}  // namespace

std::vector<LayerCalibration> calibrate(const std::function<void()>& forward,
                                        double target_percent,
                                        double tolerance) {
  if (!(target_percent > 0.0 && target_percent < 100.0))
    throw Error(
        fmt::format("calibrate: the target must be above 0 and below 100 percent of spikes, got {}",
                    target_percent));
  if (!(tolerance > 0.0 && tolerance < 1.0))
    throw Error(
        fmt::format("calibrate: the tolerance must be above 0 and below 1, got {}", tolerance));
  std::vector<LayerCalibration> report;
  std::vector<Variable> settled;
  const NoTape silent;
  const LayerHook hook([&](const Current& current, const NeuronModel& model) {
    const std::vector<Variable> weights = weights_of(current, settled);
    if (weights.empty()) return;
    Trial trial(current, model, weights);
    const Point start{1.0, trial.spikes_percent(1.0)};
    const Point found = search(trial, current, target_percent, tolerance, start);
    const double active = trial.keep(found.scale);
    report.push_back(
        {current.name(), found.scale, start.percent, found.percent, active, trial.sweeps()});
    settled.insert(settled.end(), weights.begin(), weights.end());
  });
  forward();
  if (report.empty())
    throw Error(
        "calibrate: forward ran no neuron layer with weights; use Lif, CubaLif, AdaptiveLif or a "
        "NeuronLayer");
  return report;
}

double calibrate_scores(const std::function<Variable()>& forward,
                        std::span<const Variable> weights,
                        double spread) {
  if (!(spread > 0.0 && std::isfinite(spread)))
    throw Error(
        fmt::format("calibrate_scores: the spread must be above 0 and finite, got {}", spread));
  if (weights.empty())
    throw Error("calibrate_scores: no weights to scale; give those of the readout's Linear");
  const NoTape silent;
  const Tensor scores = forward().value().to(kCpu);
  const std::int64_t classes = scores.rank() == 2 ? scores.dim(1) : 0;
  if (classes == 0)
    throw ShapeError(
        fmt::format("calibrate_scores: forward must give scores [batch, class], got {}",
                    to_string(scores.shape())));
  double squares = 0.0;
  const auto values = scores.values();
  for (std::int64_t sample = 0; sample < scores.dim(0); ++sample) {
    const auto row = values.subspan(static_cast<std::size_t>(sample * classes),
                                    static_cast<std::size_t>(classes));
    double mean = 0.0;
    for (const float score : row) mean += static_cast<double>(score);
    mean /= static_cast<double>(classes);
    for (const float score : row) squares += std::pow(static_cast<double>(score) - mean, 2);
  }
  const double found = std::sqrt(squares / static_cast<double>(values.size()));
  const double factor = spread / found;
  if (!std::isfinite(static_cast<float>(factor)))
    throw Error(
        fmt::format("calibrate_scores: the scores of every sample lie {} apart, so no factor "
                    "of the weights brings them {} apart; let spikes reach the readout "
                    "(calibrate() first) and initialize its weights",
                    found,
                    spread));
  for (const Variable& weight : weights) set_scaled(weight, weight.value().to(kCpu), factor);
  return factor;
}

std::string describe(std::span<const LayerCalibration> layers) {
  std::string text;
  for (const LayerCalibration& layer : layers)
    text += fmt::format("{}: weights x {:.3g}, spikes {:.3g} % -> {:.3g} %, active {:.3g} %\n",
                        layer.name,
                        layer.scale,
                        layer.percent_before,
                        layer.percent_after,
                        layer.active_percent);
  return text;
}

}  // namespace spiketape
