#include "apps/recipes/network.hpp"

#include <cmath>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "autograd/ops.hpp"
#include "core/error.hpp"
#include "layers/init.hpp"

namespace spiketape::apps {
namespace {

NeuronLayer uniform_neuron(const NetworkSettings& s) {
  const auto threshold = static_cast<float>(s.threshold);
  const auto window = static_cast<float>(s.window);
  const Surrogate surrogate = make_surrogate(s.surrogate, static_cast<float>(s.beta));
  if (s.neuron == "cuba") {
    return CubaLif({.tau = s.tau,
                    .tau_synapse = s.tau_synapse,
                    .dt = s.dt,
                    .threshold = threshold,
                    .window = window,
                    .surrogate = surrogate,
                    .reset_gradient = s.reset_gradient});
  }
  if (s.neuron == "adaptive") {
    return AdaptiveLif({.tau = s.tau,
                        .tau_adaptation = s.tau_adaptation,
                        .dt = s.dt,
                        .kappa = static_cast<float>(s.kappa),
                        .threshold = threshold,
                        .window = window,
                        .surrogate = surrogate,
                        .reset_gradient = s.reset_gradient});
  }
  if (s.neuron == "lif") {
    return Lif({.tau = s.tau,
                .dt = s.dt,
                .threshold = threshold,
                .window = window,
                .surrogate = surrogate,
                .reset_gradient = s.reset_gradient});
  }
  throw Error(fmt::format("neuron: expected lif, cuba or adaptive, got '{}'", s.neuron));
}

/// Time constants that differ from neuron to neuron (Perez-Nieves et al. 2021, Neural heterogeneity
/// promotes robust learning): tau_j is spaced evenly in its logarithm from tau / spread to tau *
/// spread. The input is scaled by (1 - a_j) / (1 - a), so that a constant current drives slow and
/// fast neurons alike.
NeuronLayer make_neuron(const NetworkSettings& s, std::int64_t neurons) {
  NeuronLayer same = uniform_neuron(s);
  if (s.tau_spread == 1.0 || neurons == 1) return same;
  NeuronModel model = same.model();
  const std::size_t membrane = s.neuron == "cuba" ? 1 : 0;
  const double drive = 1.0 - std::exp(-s.dt / s.tau);
  model.a[membrane][membrane].clear();
  model.b[membrane].clear();
  for (std::int64_t j = 0; j < neurons; ++j) {
    const double place = 2.0 * static_cast<double>(j) / static_cast<double>(neurons - 1) - 1.0;
    const double decay = std::exp(-s.dt / (s.tau * std::pow(s.tau_spread, place)));
    model.a[membrane][membrane].push_back(decay);
    model.b[membrane].push_back((1.0 - decay) / drive);
  }
  if (s.neuron == "cuba") {
    model.a[1][0].clear();
    for (const double input : model.b[1]) model.a[1][0].push_back(input * model.a[0][0].front());
  }
  return NeuronLayer(model, fmt::format("{}, tau spread {:g}", same.describe(), s.tau_spread));
}

std::optional<ActivityRegularizer> make_regularizer(const NetworkSettings& s) {
  if (s.upper == 0.0 && s.lower == 0.0) return std::nullopt;
  return ActivityRegularizer({.lambda_upper = static_cast<float>(s.upper),
                              .lambda_lower = static_cast<float>(s.lower),
                              .upper = static_cast<float>(s.upper_target),
                              .lower = static_cast<float>(s.lower_target)});
}

}  // namespace

Settings NetworkSettings::settings() {
  return {
      {"hidden", &hidden, "neurons of each hidden layer"},
      {"neuron", &neuron, "model of the hidden neurons", {"lif", "cuba", "adaptive"}},
      {"dt", &dt, "seconds a step"},
      {"tau", &tau, "membrane time constant in seconds"},
      {"tau_spread",
       &tau_spread,
       "membrane time constants lie between tau / spread and tau * spread; 1 = all the same"},
      {"tau_synapse", &tau_synapse, "of the synaptic current (cuba), in seconds"},
      {"tau_adaptation", &tau_adaptation, "of the threshold's adaptation (adaptive), in seconds"},
      {"kappa", &kappa, "how much a spike lifts the threshold (adaptive)"},
      {"threshold", &threshold, "membrane above which a neuron fires"},
      {"window", &window, "half width of the active window around the threshold; inf = dense"},
      {"surrogate",
       &surrogate,
       "derivative of a spike inside the window",
       {"fast_sigmoid", "triangle", "boxcar", "arctan", "exponential"}},
      {"beta", &beta, "steepness of the surrogate; 0 = its own default"},
      {"reset_gradient", &reset_gradient, "whether gradient flows through the reset"},
      {"recurrent", &recurrent, "whether hidden layers feed their spikes back to themselves"},
      {"recurrent_gain",
       &recurrent_gain,
       "size of the initial recurrent weights, in units of gain"},
      {"bias", &bias, "whether layers have a constant current"},
      {"dropout", &dropout, "probability that a hidden spike is dropped in training"},
      {"tau_readout", &tau_readout, "time constant of the readout in seconds"},
      {"score", &score, "how a readout trace becomes a score", {"max", "sum", "mean", "last"}},
      {"init", &init, "distribution of the initial weights", {"normal", "uniform"}},
      {"gain",
       &gain,
       "initial weights are of size gain (1 - exp(-dt / tau)) / sqrt(inputs of the layer)"},
      {"upper", &upper, "weight of the penalty on busy layers; 0 = off"},
      {"upper_target", &upper_target, "mean spikes a sample and neuron that are free"},
      {"lower", &lower, "weight of the penalty on silent neurons; 0 = off"},
      {"lower_target", &lower_target, "spikes a sample that every neuron should reach"},
      {"path",
       &path,
       "how currents are computed: by events or products; the last two on a card only",
       {"auto", "event", "gemm", "cusparse", "cublas"}},
  };
}

void NetworkSettings::resolve() {
  const auto check_decay = [&](const char* name, double constant) {
    const double decay = dt / constant;
    if (!(decay > 1e-6 && decay < 1e6))
      throw Error(fmt::format(
          "{}: expected a time constant between 1e-6 and 1e6 steps of dt = {} s, got {} s",
          name,
          dt,
          constant));
  };
  if (!(tau_spread >= 1.0 && tau_spread <= 1e3))
    throw Error(fmt::format("tau_spread: expected 1 to 1000, got {}", tau_spread));
  check_decay("tau", tau);
  check_decay("tau_readout", tau_readout);
  const Surrogate chosen = make_surrogate(surrogate, static_cast<float>(beta));
  beta = std::visit([](const auto& one) { return static_cast<double>(one.beta); }, chosen);
}

SpikingNet::SpikingNet(std::int64_t inputs,
                       std::int64_t classes,
                       const NetworkSettings& s,
                       std::uint64_t seed)
    : readout_({.tau = s.tau_readout, .dt = s.dt, .score = parse_score(s.score)}),
      regularizer_(make_regularizer(s)) {
  const LinearOptions options{.bias = s.bias, .path = parse_synapse_path(s.path)};
  for (const std::int64_t neurons : s.hidden) {
    const std::size_t number = hidden_.size() + 1;
    Hidden layer{
        std::make_unique<Linear>(*this, fmt::format("fc{}", number), inputs, neurons, options),
        make_neuron(s, neurons),
        nullptr,
        nullptr};
    if (s.recurrent) {
      layer.recurrent = std::make_unique<Recurrent>(*this, fmt::format("rec{}", number), neurons);
    }
    if (s.dropout != 0.0) {
      layer.dropout =
          std::make_unique<Dropout>(*this,
                                    fmt::format("drop{}", number),
                                    DropoutOptions{.probability = static_cast<float>(s.dropout)});
    }
    hidden_.push_back(std::move(layer));
    inputs = neurons;
  }
  out_ = std::make_unique<Linear>(*this, "out", inputs, classes, options);

  initialize(seed);
  const auto gain = static_cast<float>(s.gain * (1.0 - std::exp(-s.dt / s.tau)));
  for (const NamedVariable& parameter : parameters()) {
    if (!parameter.name.ends_with("weight")) continue;
    const float scale =
        parameter.name.starts_with("rec") ? static_cast<float>(s.recurrent_gain) : 1.0f;
    (s.init == "uniform" ? uniform_by_fan_in : normal_by_fan_in)(
        parameter.variable, gain * scale, seed, parameter.name);
  }
}

SpikingNet::Output SpikingNet::forward(const SpikeVariable& spikes) {
  Output output;
  SpikeVariable x = spikes;
  for (Hidden& layer : hidden_) {
    Current current = (*layer.linear)(x);
    if (layer.recurrent) current = (*layer.recurrent)(current);
    x = layer.neuron(current);
    output.hidden.push_back(x);
    if (layer.dropout) x = (*layer.dropout)(x);
  }
  output.readout_current = (*out_)(x);
  output.scores = readout_(output.readout_current);
  return output;
}

Variable SpikingNet::loss(const Output& output, std::span<const std::int32_t> labels) const {
  Variable loss = cross_entropy(output.scores, labels);
  if (!regularizer_) return loss;
  for (const SpikeVariable& spikes : output.hidden) loss = loss + (*regularizer_)(spikes);
  return loss;
}

std::vector<Variable> SpikingNet::readout_weights() const {
  std::vector<Variable> weights{out_->weight()};
  if (out_->bias().defined()) weights.push_back(out_->bias());
  return weights;
}

std::vector<LayerActivity> SpikingNet::activity() const {
  std::vector<LayerActivity> all;
  for (const Hidden& layer : hidden_)
    for (const LayerActivity& one : layer.neuron.monitors()) all.push_back(one);
  return all;
}

void SpikingNet::reset_activity() {
  for (Hidden& layer : hidden_) layer.neuron.reset_monitors();
}

std::string SpikingNet::in_words() const {
  std::string neurons;
  if (!hidden_.empty()) neurons = fmt::format("hidden  {}\n", hidden_.front().neuron.describe());
  return fmt::format("{}{}output  {}\n", describe(), neurons, readout_.describe());
}

}  // namespace spiketape::apps
