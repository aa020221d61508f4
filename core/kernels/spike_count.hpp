#pragma once

#include "core/spike_tensor.hpp"

namespace spiketape {

struct SpikeCountForwardArguments {
  const SpikeTensor& spikes;
  float amplitude;
  float* counts;  ///< [batch, neuron], added to
};

struct SpikeCountBackwardArguments {
  const SpikeTensor& spikes;
  float amplitude;
  const float* grad_counts;  ///< [batch, neuron]
  float* grad;               ///< one value per active entry, added to
};

namespace cpu {

/// Adds `amplitude` for each event to the count of its sample and neuron. The sum of equal numbers
/// has the same bits in any order.
void spike_count_forward(const SpikeCountForwardArguments& arguments);
void spike_count_backward(const SpikeCountBackwardArguments& arguments);

}  // namespace cpu

namespace cuda {

void spike_count_forward(const SpikeCountForwardArguments& arguments);
void spike_count_backward(const SpikeCountBackwardArguments& arguments);

}  // namespace cuda
}  // namespace spiketape
