#pragma once

#include <cstdint>
#include <string>

#include "autograd/current.hpp"
#include "layers/module.hpp"

namespace spiketape {

/// A layer's own spikes fed back to it, one step later: a term of its current,
///
///     lif(fc(x) + recurrent)      or      lif(recurrent(fc(x)))
///
/// Parameter: "weight" [neurons, neurons], uniform in +-1 / sqrt(neurons).
class Recurrent : public Module {
 public:
  /// @throws ShapeError unless neurons is in 1..kMaxNeurons.
  Recurrent(Module& parent, std::string name, std::int64_t neurons);

  /// The recurrent term itself, so that it can be added to a current.
  operator Current()
      const;  // NOLINT(google-explicit-constructor): `fc(x) + recurrent` reads like the formula
  /// `current` with the recurrence added. @throws ShapeError when it is for another number of
  /// neurons.
  Current operator()(const Current& current) const;

  const Variable& weight() const { return weight_; }
  std::string summary() const override;

 private:
  void draw_parameters(std::uint64_t seed) override;

  Variable weight_;
};

}  // namespace spiketape
