#include "apps/verify.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "apps/verify_case.hpp"
#include "autograd/ops.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"

namespace spiketape::apps {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Entries of compressed rows as sorted events; `values`, when given, are put in the same order.
std::vector<Event> to_events(std::span<const std::uint32_t> offsets,
                             std::span<const UnitId> units,
                             std::int64_t steps,
                             std::span<const float> values = {},
                             std::vector<float>* ordered_values = nullptr) {
  std::vector<std::pair<Event, float>> entries;
  for (std::size_t row = 0; row + 1 < offsets.size(); ++row)
    for (auto e = offsets[row]; e < offsets[row + 1]; ++e) {
      const auto index = static_cast<std::int64_t>(row);
      entries.push_back({{static_cast<std::int32_t>(index / steps),
                          static_cast<std::int32_t>(index % steps),
                          static_cast<std::int32_t>(units[e])},
                         values.empty() ? 0.0f : values[e]});
    }
  std::sort(entries.begin(), entries.end());
  std::vector<Event> events;
  events.reserve(entries.size());
  for (const auto& [event, value] : entries) {
    events.push_back(event);
    if (ordered_values != nullptr) ordered_values->push_back(value);
  }
  return events;
}

VerifiedQuantity compare_sets(std::string name,
                              const std::vector<Event>& got,
                              const std::vector<Event>& expected) {
  VerifiedQuantity quantity{std::move(name), true, 0.0, fmt::format("{} entries", expected.size())};
  if (got == expected) return quantity;
  const auto [at_got, at_expected] =
      std::mismatch(got.begin(), got.end(), expected.begin(), expected.end());
  const Event first = at_got == got.end()             ? *at_expected
                      : at_expected == expected.end() ? *at_got
                                                      : std::min(*at_got, *at_expected);
  quantity.error = kInfinity;
  quantity.note =
      fmt::format("{} entries, reference {}; first difference: sample {}, step {}, neuron {}",
                  got.size(),
                  expected.size(),
                  first.sample,
                  first.step,
                  first.neuron);
  return quantity;
}

VerifiedQuantity compare(std::string name,
                         std::span<const float> got,
                         std::span<const double> expected) {
  VerifiedQuantity quantity{std::move(name), false, 0.0, fmt::format("{} values", expected.size())};
  if (got.size() != expected.size()) {
    quantity.error = kInfinity;
    quantity.note = fmt::format("{} values, reference {}", got.size(), expected.size());
    return quantity;
  }
  double difference = 0.0;
  double norm = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    difference += std::pow(static_cast<double>(got[i]) - expected[i], 2.0);
    norm += expected[i] * expected[i];
  }
  if (difference != 0.0)  // NaN too
    quantity.error =
        std::sqrt(difference) / std::max(std::sqrt(norm), std::numeric_limits<double>::min());
  return quantity;
}

std::vector<float> on_host(const Tensor& tensor) {
  const Tensor copy = tensor.to(kCpu);
  return {copy.values().begin(), copy.values().end()};
}

/// The network of a case, after forward and backward on a device.
struct Run {
  Device device;
  std::vector<Variable> weights;      ///< one per layer, then the readout's
  std::vector<Variable> recurrences;  ///< one per layer, undefined where there is none
  std::vector<SpikeVariable> spikes;
  Tensor trace;
  Variable scores, cross_entropy, loss;

  Run(const VerifyCase& c, SynapsePath path, Device where) : device(where) {
    Tape tape;
    SpikeVariable s = c.input.to(device);
    for (const VerifyLayer& layer : c.layers) {
      Current current = project(s, layer.weight, path);
      recurrences.push_back(layer.recurrence ? Variable(layer.recurrence->to(device), true)
                                             : Variable());
      if (layer.recurrence)
        current = current + Current::from_recurrence(current.name(), recurrences.back());
      s = spike(current, c.model);
      spikes.push_back(s);
    }
    const Current current = project(s, c.readout_weight, path);
    {
      const NoTape for_inspection;
      trace = readout_trace(current, c.readout_decay).value();
    }
    scores = readout(current, c.readout_decay, c.score);
    cross_entropy = spiketape::cross_entropy(scores, c.labels);
    loss = cross_entropy;
    if (c.regularizer)
      for (const SpikeVariable& layer : spikes)
        loss = loss + ActivityRegularizer(*c.regularizer)(layer);
    tape.backward(loss);
  }

 private:
  Current project(const SpikeVariable& source, const Tensor& weight, SynapsePath path) {
    weights.emplace_back(weight.to(device), true);
    return Current::from_synapse(fmt::format("w{}", weights.size() - 1),
                                 source,
                                 weights.back(),
                                 linear_synapse(weight.dim(0), weight.dim(1), path));
  }
};

void compare_layer(std::size_t k, const VerifyLayer& expected, const Run& run, CaseReport& report) {
  const SpikeTensor spikes = run.spikes[k].value().to(kCpu);
  std::vector<float> gradient;
  const std::vector<Event> active = to_events(spikes.active_offsets(),
                                              spikes.active_units(),
                                              spikes.steps(),
                                              on_host(run.spikes[k].grad()),
                                              &gradient);
  auto& list = report.quantities;
  list.push_back(
      compare_sets(fmt::format("layer {} spikes", k),
                   to_events(spikes.event_offsets(), spikes.event_units(), spikes.steps()),
                   expected.spikes));
  list.push_back(compare_sets(fmt::format("layer {} active set", k), active, expected.active));
  list.push_back(compare(fmt::format("layer {} grad_spike", k), gradient, expected.grad_spikes));
  list.push_back(
      compare(fmt::format("grad_w{}", k), on_host(run.weights[k].grad()), expected.grad_weight));
  if (expected.recurrence)
    list.push_back(compare(fmt::format("grad_w_rec{}", k),
                           on_host(run.recurrences[k].grad()),
                           expected.grad_recurrence));
}

std::string describe(const VerifyCase& c) {
  std::string sizes = fmt::format("{}", c.input.neurons());
  for (const VerifyLayer& layer : c.layers)
    sizes += fmt::format("-{}{}", layer.weight.dim(1), layer.recurrence ? " recurrent" : "");
  return fmt::format("{}-{}, batch {}, {} steps, {}, window {:g}, score {}{}",
                     sizes,
                     c.readout_weight.dim(1),
                     c.input.batch(),
                     c.input.steps(),
                     c.neuron,
                     c.model.window,
                     to_string(c.score),
                     c.regularizer ? ", regularised" : "");
}

}  // namespace

bool CaseReport::passed() const {
  return std::all_of(
      quantities.begin(), quantities.end(), [](const auto& q) { return q.passed(); });
}

const VerifiedQuantity& CaseReport::worst() const {
  const auto rank = [](const VerifiedQuantity& q) {
    return std::isnan(q.error) ? kInfinity : q.error;
  };
  return *std::max_element(quantities.begin(), quantities.end(), [&](const auto& a, const auto& b) {
    return rank(a) < rank(b);
  });
}

CaseReport verify_case(const std::string& path, SynapsePath synapse_path, Device device) {
  require_available(device);
  const VerifyCase c = read_verify_case(path);
  const Run run(c, synapse_path, device);
  CaseReport report{path, describe(c), {}};
  const std::vector<double> loss = {c.loss};
  const std::vector<double> cross_entropy = {c.cross_entropy};
  auto& list = report.quantities;
  list.push_back(compare("loss", on_host(run.loss.value()), loss));
  list.push_back(compare("cross entropy", on_host(run.cross_entropy.value()), cross_entropy));
  list.push_back(compare("scores", on_host(run.scores.value()), c.scores));
  list.push_back(compare("readout trace", on_host(run.trace), c.readout));
  for (std::size_t k = 0; k < c.layers.size(); ++k) compare_layer(k, c.layers[k], run, report);
  list.push_back(compare(fmt::format("grad_w{}", c.layers.size()),
                         on_host(run.weights.back().grad()),
                         c.grad_readout_weight));
  return report;
}

}  // namespace spiketape::apps
