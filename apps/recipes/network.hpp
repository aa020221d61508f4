#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/config.hpp"
#include "layers/dropout.hpp"
#include "layers/linear.hpp"
#include "layers/module.hpp"
#include "layers/neurons.hpp"
#include "layers/readout.hpp"
#include "layers/recurrent.hpp"
#include "layers/regularizers.hpp"

namespace spiketape::apps {

/// What the feed-forward network of the recipes is made of. The defaults are the paper's: leaky
/// integrate-and-fire, tau 10 ms, dt 1 ms, window 0.2, fast sigmoid with beta 100 (Perez-Nieves &
/// Goodman 2021, section 4).
struct NetworkSettings {
  std::vector<std::int64_t> hidden = {200, 200};
  std::string neuron = "lif";
  double dt = 1e-3;
  double tau = 10e-3;
  double tau_spread = 1.0;
  double tau_synapse = 5e-3;
  double tau_adaptation = 100e-3;
  double kappa = 0.2;
  double threshold = 1.0;
  double window = 0.2;
  std::string surrogate = "fast_sigmoid";
  double beta = 0.0;  ///< 0 until resolve(): the surrogate's own
  bool reset_gradient = false;
  bool recurrent = false;
  double recurrent_gain = 1.0;
  bool bias = false;
  double dropout = 0.0;
  double tau_readout = 10e-3;
  std::string score = "max";
  std::string init = "normal";
  double gain = 20.0;
  double upper = 0.06;
  double upper_target = 1.0;
  double lower = 100.0;
  double lower_target = 1e-3;
  std::string path = "auto";

  Settings settings();
  /// Puts numbers in place of "the default of ...". @throws Error for an unknown surrogate and for
  /// numbers that no network can have.
  void resolve();
};

/// inputs -> hidden spiking layers -> leaky readout, with optional recurrence, bias and dropout.
/// Layers are named fc1, fc2,
/// ..., out; recurrences rec1, ...; dropouts drop1, ...
class SpikingNet : public Module {
 public:
  struct Output {
    Variable scores;                    ///< [batch, class]
    std::vector<SpikeVariable> hidden;  ///< spikes of each hidden layer, before dropout
    Current readout_current;            ///< what the readout integrates
  };

  /// Weights are drawn from (seed, name). @throws ShapeError / Error for settings that make no
  /// sense.
  SpikingNet(std::int64_t inputs,
             std::int64_t classes,
             const NetworkSettings& settings,
             std::uint64_t seed);

  Output forward(const SpikeVariable& spikes);

  /// Mean cross entropy of the scores, plus the activity regulariser of each hidden layer.
  Variable loss(const Output& output, std::span<const std::int32_t> labels) const;

  /// Of the readout: its weights, and its bias when there is one.
  std::vector<Variable> readout_weights() const;

  std::size_t hidden_layers() const { return hidden_.size(); }
  const Readout& readout() const { return readout_; }
  /// Activity of each hidden layer since the last reset; empty before the first forward.
  std::vector<LayerActivity> activity() const;
  void reset_activity();
  /// Layers, neuron, readout and number of parameters, for people.
  std::string in_words() const;

 private:
  struct Hidden {
    std::unique_ptr<Linear> linear;
    NeuronLayer neuron;
    std::unique_ptr<Recurrent> recurrent;
    std::unique_ptr<Dropout> dropout;
  };

  Readout readout_;
  std::optional<ActivityRegularizer> regularizer_;
  std::vector<Hidden> hidden_;
  std::unique_ptr<Linear> out_;
};

}  // namespace spiketape::apps
