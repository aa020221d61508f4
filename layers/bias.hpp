#pragma once

#include <cstdint>
#include <string>

#include "autograd/current.hpp"
#include "layers/module.hpp"

namespace spiketape {

/// A constant current into each neuron: `lif(fc(x) + bias)` or `lif(bias(fc(x)))`. Parameter:
/// "bias" [neurons], zero.
class Bias : public Module {
 public:
  /// @throws ShapeError unless neurons is in 1..kMaxNeurons.
  Bias(Module& parent, std::string name, std::int64_t neurons);

  /// The bias as a term, so that it can be added to a current.
  operator Current()
      const;  // NOLINT(google-explicit-constructor): `fc(x) + bias` reads like the formula
  /// `current` with the bias added. @throws ShapeError when it is for another number of neurons.
  Current operator()(const Current& current) const;

  const Variable& bias() const { return bias_; }
  std::string summary() const override;

 private:
  void draw_parameters(std::uint64_t seed) override;

  Variable bias_;
};

}  // namespace spiketape
