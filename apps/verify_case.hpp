#pragma once

#include <optional>
#include <string>
#include <vector>

#include "autograd/spiking.hpp"
#include "core/neuron.hpp"
#include "core/spike_tensor.hpp"
#include "core/tensor.hpp"
#include "layers/regularizers.hpp"

namespace spiketape::apps {

/// One spiking layer of a case, and what the reference computed for it.
struct VerifyLayer {
  Tensor weight;                     ///< [inputs, neurons]
  std::optional<Tensor> recurrence;  ///< [neurons, neurons]
  std::vector<Event> spikes;         ///< sorted
  std::vector<Event> active;         ///< sorted
  std::vector<double> grad_weight;
  std::vector<double> grad_recurrence;  ///< empty without recurrence
  std::vector<double> grad_spikes;      ///< from the layer's consumers, one per active entry
};

/// A network with its input and the float64 reference of every result, as oracle.py writes it:
/// fully connected spiking layers of one neuron model, a leaky readout, mean cross entropy, and
/// perhaps activity regularisers.
struct VerifyCase {
  std::string path;
  std::string neuron;  ///< for people: "LIF", "CubaLIF, adaptive threshold", ...
  NeuronModel model;
  std::vector<VerifyLayer> layers;  ///< without the readout; may be empty
  Tensor readout_weight;
  float readout_decay = 0.0f;
  Score score = Score::max;
  std::optional<ActivityRegularizerOptions> regularizer;
  SpikeTensor input;
  std::vector<std::int32_t> labels;

  double loss = 0.0;
  double cross_entropy = 0.0;
  std::vector<double> scores;   ///< [batch, class]
  std::vector<double> readout;  ///< [batch, step, class]
  std::vector<double> grad_readout_weight;
};

/// Reads the format of `oracle.py`: attributes shape, alpha, v_th, beta, b_th, alpha_readout,
/// score, and where they apply alpha_syn (CubaLIF), rho and kappa (adaptive threshold),
/// reset_gradient, reg_*; data sets input_events, labels, w0..wN (the last is the readout's),
/// w_rec0.., grad_* of each, loss, cross_entropy, scores, readout, and layer0.. with spike_events,
/// active, grad_spike_at_active.
/// @throws DataError naming file and item when it is no such file, or when its parts do not fit
/// together.
VerifyCase read_verify_case(const std::string& path);

}  // namespace spiketape::apps
