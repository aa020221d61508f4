// The sums keep the order of the CPU (core/kernels/activity_penalty.cpp), so the bits are the same,
// but for the last of a power.
#include "core/kernels/activity_penalty.hpp"

#include <cmath>

#include "core/kernels/spike_count.hpp"
#include "cuda/launch.cuh"
#include "cuda/samples.cuh"

namespace spiketape::cuda {
namespace {

__device__ float relu(float x) { return x > 0.0f ? x : 0.0f; }

__device__ float mean_count(const SampleEntries& events) {
  return static_cast<float>(events.end() - events.begin()) / static_cast<float>(events.neurons);
}

/// sum_j relu(lower - counts_j)^2 in 16 lanes of the warp, which are added one after another.
__device__ float shortfall(const float* counts, std::int64_t neurons, float lower) {
  constexpr int kLanes = 16;
  float mine = 0.0f;
  for (std::int64_t j = lane_index(); lane_index() < kLanes && j < neurons; j += kLanes) {
    const float missing = relu(lower - counts[j]);
    mine += missing * missing;
  }
  float sum = 0.0f;
  for (int lane = 0; lane < kLanes; ++lane) sum += __shfl_sync(kAllLanes, mine, lane);
  return sum;
}

/// A block is one warp.
__global__ void penalize(ActivityPenalty penalty,
                         SampleEntries events,
                         const float* counts,
                         float* penalties) {
  const float missing =
      shortfall(counts + std::int64_t{blockIdx.x} * events.neurons, events.neurons, penalty.lower);
  if (threadIdx.x != 0) return;
  penalties[blockIdx.x] =
      penalty.lambda_upper * std::pow(relu(mean_count(events) - penalty.upper), penalty.power) +
      penalty.lambda_lower * missing / static_cast<float>(events.neurons);
}

/// One warp reads 32 values at a time and adds them one after another.
__global__ void average(const float* values, std::int64_t count, float* mean) {
  double sum = 0.0;
  for (std::int64_t first = 0; first < count; first += kWarp) {
    const std::int64_t i = first + lane_index();
    const float mine = i < count ? values[i] : 0.0f;
    for (int lane = 0; lane < kWarp; ++lane)
      sum += static_cast<double>(__shfl_sync(kAllLanes, mine, lane));
  }
  if (threadIdx.x == 0) *mean = static_cast<float>(sum / static_cast<double>(count));
}

__global__ void add_gradient(ActivityPenalty penalty,
                             SampleEntries events,
                             SampleEntries active,
                             const float* counts,
                             const float* grad_loss,
                             float* grad) {
  const float share = *grad_loss / static_cast<float>(std::int64_t{gridDim.x} * active.neurons);
  const float excess = mean_count(events) - penalty.upper;
  const float upper =
      excess > 0.0f ? penalty.lambda_upper * penalty.power * std::pow(excess, penalty.power - 1.0f)
                    : 0.0f;
  const float* const count = counts + std::int64_t{blockIdx.x} * active.neurons;
  for (std::int64_t e = active.begin() + threadIdx.x; e < active.end(); e += blockDim.x)
    grad[e] += share *
               (upper - 2.0f * penalty.lambda_lower * relu(penalty.lower - count[active.units[e]]));
}

/// [batch, neuron]
Buffer<float> count_spikes(const SpikeTensor& spikes) {
  auto counts = Buffer<float>::zeros(static_cast<std::size_t>(spikes.batch() * spikes.neurons()),
                                     spikes.device(),
                                     MemoryTag::scratch);
  spike_count_forward({.spikes = spikes, .amplitude = 1.0f, .counts = counts.data()});
  return counts;
}

}  // namespace

void activity_penalty_forward(const ActivityPenaltyForwardArguments& arguments) {
  const SpikeTensor& spikes = arguments.spikes;
  const Buffer<float> counts = count_spikes(spikes);
  Buffer<float> penalties(
      static_cast<std::size_t>(spikes.batch()), spikes.device(), MemoryTag::scratch);
  const LaunchShape shape = each_sample(spikes, kWarp);
  launch(penalize,
         shape,
         arguments.penalty,
         sample_entries(spikes, spikes.events()),
         counts.data(),
         penalties.data());
  launch(average,
         {.grid = 1, .block = kWarp, .stream = shape.stream},
         penalties.data(),
         spikes.batch(),
         arguments.loss.data());
}

void activity_penalty_backward(const ActivityPenaltyBackwardArguments& arguments) {
  const SpikeTensor& spikes = arguments.spikes;
  if (spikes.active().room() == 0) return;
  const Buffer<float> counts = count_spikes(spikes);
  launch(add_gradient,
         each_sample(spikes),
         arguments.penalty,
         sample_entries(spikes, spikes.events()),
         sample_entries(spikes, spikes.active()),
         counts.data(),
         arguments.grad_loss.data(),
         arguments.grad);
}

}  // namespace spiketape::cuda
