#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "autograd/current.hpp"
#include "core/synapse.hpp"
#include "layers/module.hpp"

namespace spiketape {

struct LinearOptions {
  bool bias = false;
  /// How the current is computed; `automatic` chooses for each call by the density of the spikes.
  SynapsePath path = SynapsePath::automatic;
};

/// Every input unit to every output unit: current[t] = spikes[t] weight (+ bias). Parameters:
/// "weight" [inputs, outputs], uniform in +-1 / sqrt(inputs), and "bias" [outputs], zero.
class Linear : public Module {
 public:
  /// @throws ShapeError unless inputs and outputs are in 1..kMaxNeurons.
  Linear(Module& parent,
         std::string name,
         std::int64_t inputs,
         std::int64_t outputs,
         LinearOptions options = {});

  /// @throws ShapeError when the spikes do not have inputs() neurons.
  Current operator()(const SpikeVariable& spikes) const;

  std::int64_t inputs() const { return weight_.value().dim(0); }
  std::int64_t outputs() const { return weight_.value().dim(1); }
  const Variable& weight() const { return weight_; }
  const Variable& bias() const { return bias_; }  ///< undefined when there is none
  std::string summary() const override;

 private:
  void draw_parameters(std::uint64_t seed) override;

  Variable weight_;
  Variable bias_;
  std::shared_ptr<const Synapse> synapse_;
};

}  // namespace spiketape
