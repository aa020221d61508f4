#pragma once

#include "autograd/variable.hpp"

namespace spiketape {

struct ActivityRegularizerOptions {
  float lambda_upper = 0.06f;
  float lambda_lower = 100.0f;
  float upper = 1.0f;   ///< f_u: spikes per sample that the layer's mean may reach for free
  float lower = 1e-3f;  ///< f_l: spikes per sample that each neuron should reach
  float power = 1.0f;   ///< of the upper penalty, at least 1
};

/// The penalty of spike counts z [batch, neuron] (spikes as they are, whatever their amplitude)
/// that keeps a layer neither silent nor busy, mean over the batch of
///
///     lambda_upper relu(mean_j z_j - upper)^power + lambda_lower mean_j relu(lower - z_j)^2
///
/// (Perez-Nieves & Goodman 2021, after Zenke & Vogels 2021). Add it to the loss, once for each
/// spiking layer.
class ActivityRegularizer {
 public:
  /// @throws Error when a lambda is negative, the power below 1, or a value is not finite.
  explicit ActivityRegularizer(ActivityRegularizerOptions options = {});

  /// The penalty of one layer's spikes; a scalar. One fused op that keeps nothing but the spikes
  /// and one float a sample.
  /// @throws ShapeError when there is no sample or no neuron to average over.
  Variable operator()(const SpikeVariable& spikes) const;

  const ActivityRegularizerOptions& options() const { return options_; }

 private:
  ActivityRegularizerOptions options_;
};

}  // namespace spiketape
