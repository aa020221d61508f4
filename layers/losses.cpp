#include "layers/losses.hpp"

#include "autograd/spiking.hpp"

namespace spiketape {

Variable cross_entropy_of_counts(const SpikeVariable& spikes,
                                 std::span<const std::int32_t> labels,
                                 float gain) {
  return cross_entropy(spike_count(spikes) * gain, labels);
}

Variable mean_squared_error_of_counts(const SpikeVariable& spikes, const Tensor& target) {
  return mean_squared_error(spike_count(spikes), target);
}

}  // namespace spiketape
