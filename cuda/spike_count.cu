#include "core/kernels/spike_count.hpp"

#include "cuda/launch.cuh"
#include "cuda/samples.cuh"

namespace spiketape::cuda {
namespace {

__global__ void count_events(SampleEntries events, float amplitude, float* counts) {
  float* const count = counts + std::int64_t{blockIdx.x} * events.neurons;
  for (std::int64_t e = events.begin() + threadIdx.x; e < events.end(); e += blockDim.x)
    atomicAdd(&count[events.units[e]], amplitude);
}

__global__ void gather_gradient(SampleEntries active,
                                float amplitude,
                                const float* grad_counts,
                                float* grad) {
  const float* const grad_count = grad_counts + std::int64_t{blockIdx.x} * active.neurons;
  for (std::int64_t e = active.begin() + threadIdx.x; e < active.end(); e += blockDim.x)
    grad[e] += amplitude * grad_count[active.units[e]];
}

}  // namespace

void spike_count_forward(const SpikeCountForwardArguments& arguments) {
  const SpikeTensor& spikes = arguments.spikes;
  if (spikes.events().room() == 0) return;
  launch(count_events,
         each_sample(spikes),
         sample_entries(spikes, spikes.events()),
         arguments.amplitude,
         arguments.counts);
}

void spike_count_backward(const SpikeCountBackwardArguments& arguments) {
  const SpikeTensor& spikes = arguments.spikes;
  if (spikes.active().room() == 0) return;
  launch(gather_gradient,
         each_sample(spikes),
         sample_entries(spikes, spikes.active()),
         arguments.amplitude,
         arguments.grad_counts,
         arguments.grad);
}

}  // namespace spiketape::cuda
