#pragma once

#include <cstdint>

namespace spiketape {

/// What the sweeps of one layer have done since the last reset(): read it for activity, work and
/// memory. `dense` counts are what the same sweeps would have cost with dense tensors and dense
/// backprop.
struct Monitor {
  std::int64_t neuron_steps = 0;  ///< batch * steps * neurons, summed over sweeps
  std::int64_t spikes = 0;
  std::int64_t active = 0;  ///< entries of the active set (recorded under a tape only)
  double macs = 0.0;        ///< multiply-adds done, forward and backward
  double dense_macs = 0.0;
  std::int64_t bytes = 0;        ///< events, active set and slopes kept, summed over sweeps
  std::int64_t dense_bytes = 0;  ///< one float per batch, step and neuron

  double spikes_percent() const { return percent(spikes); }
  double active_percent() const { return percent(active); }
  void reset() { *this = {}; }

 private:
  double percent(std::int64_t count) const {
    return neuron_steps == 0
               ? 0.0
               : 100.0 * static_cast<double>(count) / static_cast<double>(neuron_steps);
  }
};

}  // namespace spiketape
