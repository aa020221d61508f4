#pragma once

#include <string>

#include "autograd/spiking.hpp"

namespace spiketape {

struct ReadoutOptions {
  double tau = 10e-3;  ///< time constant in seconds; decay r = exp(-dt / tau)
  double dt = 1e-3;    ///< one step in seconds
  Score score = Score::max;
};

/// Leaky integrators without threshold, O[t+1] = r O[t] + (1 - r) I[t], and one score per class
/// from their trace.
class Readout {
 public:
  /// @throws Error unless tau and dt are above 0 and finite.
  explicit Readout(ReadoutOptions options = {});

  /// Scores [batch, class].
  Variable operator()(const Current& current) const;
  /// Every record [batch, step, class]; dense.
  Variable trace(const Current& current) const;

  float decay() const { return decay_; }
  Score score() const { return options_.score; }
  /// e.g. "Readout tau 10 ms, dt 1 ms, max over time"
  std::string describe() const;

 private:
  ReadoutOptions options_;
  float decay_;
};

}  // namespace spiketape
