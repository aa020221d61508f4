#pragma once

#include "core/kernels/packed_neuron.hpp"
#include "core/spike_tensor.hpp"
#include "core/synapse.hpp"

/// The backward recursion of a layer of neurons. With p[k] = dL/dx[k], p[steps] = 0:
///
///     lambda[k] = dL/dI[k] = b . p[k+1],   p[k] = A^T p[k+1] + c eps[k],   eps[k] = slope[k]
///     dL/dS[k] on the active set.
namespace spiketape::cpu {

/// Fills lambda rows (padding with zeros) from dL/dS, one value per active entry of `spikes`.
void fill_lambda(const PackedNeuron<float>& neuron,
                 const SpikeTensor& spikes,
                 const float* grad,
                 const SampleRows<float>& lambda);

/// What couple_grad() needs of a layer whose dL/dS[k] also depends on its own future.
struct CoupledLayer {
  const PackedNeuron<float>& neuron;
  const std::array<bool, NeuronModel::kMaxStates>& gradient_through_jump;
  const SpikeTensor& spikes;
  const float* grad;       ///< dL/dS of the consumers, one value per active entry
  const float* recurrent;  ///< weights [neurons, neurons], or null
};

/// Writes the whole dL/dS of one sample to its places in `whole`:
///
///     whole[k] = grad[k] + sum over carrying states of r . p[k+1] + recurrent lambda[k]
void couple_grad(const CoupledLayer& layer, std::int64_t sample, float* whole);

}  // namespace spiketape::cpu
