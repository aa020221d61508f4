#pragma once

#include <cstdint>
#include <string>

#include "autograd/current.hpp"
#include "core/neuron.hpp"

namespace spiketape {

struct SweepCheckOptions {
  /// Random directions (each entry +1 or -1) along which each input is varied.
  int directions = 4;
  std::uint64_t seed = 0;
  /// Largest norm-wise relative error that passes, per input.
  double tolerance = 1e-5;
};

struct SweepCheckResult {
  bool passed = true;
  double error = 0.0;  ///< the largest among the inputs
  double margin =
      0.0;  ///< rounding_margin() of the membranes; a tiny one explains a difference of the spikes
  std::int64_t spikes = 0;
  std::int64_t active = 0;
  std::string message;  ///< what differs and by how much; for a test's INFO

  explicit operator bool() const { return passed; }
};

/// Checks the two sweeps of a layer, spike(current, model), against forward-mode dual numbers in
/// double (autograd/dual_sweep.hpp):
///
///     CHECK(check_sweep_gradient(fc(x) + recurrent + bias, my_neuron));
///
/// Spikes and active set must be the same. Then every active entry of the output is given a random
/// gradient u, and for each input p (weights, recurrence, biases, and each source's active entries)
/// and random direction d the product (dL/dp) . d of the backward sweep is compared with the
/// derivative of L = u . S along d. With entries of d of +-1 the root mean square of the
/// differences estimates the norm of the error in dL/dp, which is given relative to that of dL/dp.
/// Finite differences would not do: the derivative of the step itself is zero almost everywhere.
///
/// The current's variables are copied: their gradients stay as they are.
/// @throws Error for a synapse whose weights are not [inputs, outputs]; BackendError unless the
/// current is on the CPU; what spike() throws.
SweepCheckResult check_sweep_gradient(const Current& current,
                                      const NeuronModel& model,
                                      const SweepCheckOptions& options = {});

}  // namespace spiketape
