#include "layers/neurons.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "layers/layer_hook.hpp"

namespace spiketape {
namespace {

void require_positive(const std::string& owner,
                      const char* what,
                      float value,
                      bool may_be_infinite) {
  if (!(value > 0.0f) || (!may_be_infinite && std::isinf(value)))
    throw Error(fmt::format("{}: {} must be above 0{}, got {}",
                            owner,
                            what,
                            may_be_infinite ? " (infinity = dense backprop)" : " and finite",
                            value));
}

/// The options that all three neurons share.
template <typename Options>
NeuronModel finished(const std::string& owner, NeuronModel model, const Options& options) {
  require_positive(owner, "threshold", options.threshold, false);
  require_positive(owner, "window", options.window, true);
  model.window = options.window;
  model.surrogate = options.surrogate;
  return model;
}

NeuronModel model_of(const LifOptions& options) {
  return finished(
      "Lif",
      lif_model(
          decay_of("Lif", options.dt, options.tau), options.threshold, options.reset_gradient),
      options);
}

NeuronModel model_of(const CubaLifOptions& options) {
  return finished(
      "CubaLif",
      cuba_lif_model(decay_of("CubaLif", options.dt, options.tau_synapse, "tau_synapse"),
                     decay_of("CubaLif", options.dt, options.tau),
                     options.threshold,
                     options.reset_gradient),
      options);
}

NeuronModel model_of(const AdaptiveLifOptions& options) {
  if (!std::isfinite(options.kappa) || options.kappa < 0.0f)
    throw Error(
        fmt::format("AdaptiveLif: kappa must be finite and at least 0, got {}", options.kappa));
  return finished("AdaptiveLif",
                  adaptive_lif_model(
                      decay_of("AdaptiveLif", options.dt, options.tau),
                      decay_of("AdaptiveLif", options.dt, options.tau_adaptation, "tau_adaptation"),
                      options.kappa,
                      options.threshold,
                      options.reset_gradient),
                  options);
}

template <typename Options>
std::string text_of(const char* kind, const Options& options, const std::string& extra) {
  return fmt::format("{} tau {:g} ms{}, dt {:g} ms, threshold {:g}, window {:g}{}",
                     kind,
                     1e3 * options.tau,
                     extra,
                     1e3 * options.dt,
                     options.threshold,
                     options.window,
                     options.reset_gradient ? ", reset gradient" : "");
}

}  // namespace

double decay_of(const std::string& owner, double dt, double tau, const std::string& tau_name) {
  const auto require = [&](const std::string& what, double seconds) {
    if (!(seconds > 0.0) || !std::isfinite(seconds))
      throw Error(fmt::format("{}: {} must be above 0 seconds and finite, got {}; 10 ms are 10e-3",
                              owner,
                              what,
                              seconds));
  };
  require("dt", dt);
  require(tau_name, tau);
  return std::exp(-dt / tau);
}

NeuronLayer::NeuronLayer(NeuronModel model, std::string kind)
    : model_(std::move(model)), kind_(std::move(kind)) {
  model_.check(std::max<std::int64_t>(1, model_.width()));
}

SpikeVariable NeuronLayer::operator()(const Current& current) {
  LayerHook::call(current, model_);
  return spike(current, model_, monitor_of(current.name()));
}

Monitor NeuronLayer::monitor() const {
  Monitor total;
  for (const LayerActivity& layer : monitors_) {
    total.neuron_steps += layer.monitor->neuron_steps;
    total.spikes += layer.monitor->spikes;
    total.active += layer.monitor->active;
    total.macs += layer.monitor->macs;
    total.dense_macs += layer.monitor->dense_macs;
    total.bytes += layer.monitor->bytes;
    total.dense_bytes += layer.monitor->dense_bytes;
  }
  return total;
}

void NeuronLayer::reset_monitors() {
  for (const LayerActivity& layer : monitors_) layer.monitor->reset();
}

const std::shared_ptr<Monitor>& NeuronLayer::monitor_of(const std::string& name) {
  for (const LayerActivity& layer : monitors_)
    if (layer.name == name) return layer.monitor;
  monitors_.push_back({name, std::make_shared<Monitor>()});
  return monitors_.back().monitor;
}

Lif::Lif(LifOptions options) : NeuronLayer(model_of(options), text_of("Lif", options, "")) {}

CubaLif::CubaLif(CubaLifOptions options)
    : NeuronLayer(model_of(options),
                  text_of("CubaLif",
                          options,
                          fmt::format(", tau_synapse {:g} ms", 1e3 * options.tau_synapse))) {}

AdaptiveLif::AdaptiveLif(AdaptiveLifOptions options)
    : NeuronLayer(model_of(options),
                  text_of("AdaptiveLif",
                          options,
                          fmt::format(", tau_adaptation {:g} ms, kappa {:g}",
                                      1e3 * options.tau_adaptation,
                                      options.kappa))) {}

}  // namespace spiketape
