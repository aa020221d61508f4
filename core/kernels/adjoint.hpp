#pragma once

#include "core/kernels/packed_neuron.hpp"
#include "core/spike_tensor.hpp"
#include "core/synapse.hpp"

/// The backward recursion of a layer of neurons. With p[k] = dL/dx[k], p[steps] = 0:
///
///     lambda[k] = dL/dI[k] = b . p[k+1],   p[k] = A^T p[k+1] + c eps[k],   eps[k] = slope[k]
///     dL/dS[k] on the active set.
namespace spiketape::cpu {

/// Fills lambda rows (padding with zeros) from `eps`, one value per active entry of `spikes`.
void fill_lambda(const PackedNeuron<float>& neuron,
                 const SpikeTensor& spikes,
                 const float* eps,
                 const SampleRows<float>& lambda);

/// For one sample of a layer whose dL/dS[k] also depends on its own future: the jumps r that carry
/// gradient, and the recurrent weights [neurons, neurons] (null when there are none). Writes eps
/// from the consumers' gradient:
///
///     eps[k] = slope[k] (grad[k] + sum over carrying states of r . p[k+1] + recurrent lambda[k])
void couple_eps(const PackedNeuron<float>& neuron,
                const std::array<bool, NeuronModel::kMaxStates>& gradient_through_jump,
                const SpikeTensor& spikes,
                const float* grad,
                const float* recurrent,
                std::int64_t sample,
                float* eps);

}  // namespace spiketape::cpu
