#pragma once

// Reading guide: taking lambda = dL/dI to weights, sources and biases. The fused kernel does it
// without an array of lambdas: a warp owns 32 neurons of one sample, walks the steps down with the
// adjoint in registers, and wherever a lambda is not zero adds it to the weight gradients of the
// input spikes and takes its products with the active inputs' weights - by atomics, whole rows of
// 32 floats at a time. What a step reads of its row is loaded while the step before is at work, and
// the products of 8 active inputs are summed over the warp at once, so that a step waits for the
// memory once (their weights) and not for each entry. Terms that go another way (deterministic
// sums, cuSPARSE, cuBLAS) get lambda as dense rows of a few samples.
#include <algorithm>

#include "cuda/adjoint.cuh"
#include "cuda/bias.hpp"
#include "cuda/terms.hpp"
#include "cuda/warp_sums.cuh"

namespace spiketape::cuda {

/// Where a term's gradients go; null where none is wanted.
struct BackwardTerm {
  EventTerm events;
  const std::uint32_t* active_offsets;
  const UnitId* active_units;
  float* grad_weight;  ///< [inputs, neurons]
  float* grad_source;  ///< one value per active entry of the source
};

struct BackwardTerms {
  BackwardTerm term[kMostTerms + 1] = {};  ///< the last place is the recurrence's
  int count = 0;
  double* bias = nullptr;  ///< [neurons], or null
};

/// What the lanes of a warp have of lambda at a step.
struct WarpLambda {
  float scaled;           ///< lambda times the term's amplitude; 0 behind the last neuron
  std::uint32_t j;        ///< the neuron
  std::uint32_t neurons;  ///< rows of weights; unit * neurons + j has 32 bits, by kMaxNeurons
};

/// grad_weight[unit, j] += scaled for the spikes of a row, the atomics of 4 rows of weights one
/// after another. All lanes of the warp together.
__device__ inline void scatter_row(const BackwardTerm& term,
                                   const RowEntries& row,
                                   const WarpLambda& lambda) {
  constexpr int kAtOnce = 4;
  float* const grad = term.grad_weight;
  row.for_each_warp(term.events.units, [&](std::uint32_t /*base*/, int count, int unit) {
#pragma unroll 1
    for (int first = 0; first < count; first += kAtOnce) {
      std::uint32_t place[kAtOnce];
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i)
        place[i] =
            static_cast<std::uint32_t>(__shfl_sync(kAllLanes, unit, first + i)) * lambda.neurons +
            lambda.j;
      if (lambda.scaled == 0.0f) continue;
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i)
        if (first + i < count) atomicAdd(&grad[place[i]], lambda.scaled);
    }
  });
}

/// grad_source[e] += (weights of its unit) . scaled over the warp's neurons, for the active entries
/// e of a row, 8 of them at once. All lanes of the warp together.
__device__ inline void sample_row(const BackwardTerm& term,
                                  const RowEntries& row,
                                  const WarpLambda& lambda) {
  constexpr int kAtOnce = 8;
  constexpr int kLanes = kWarp / kAtOnce;  // that end with one sum
  const float* const weights = term.events.weights;
  row.for_each_warp(term.active_units, [&](std::uint32_t base, int count, int unit) {
#pragma unroll 1
    for (int first = 0; first < count; first += kAtOnce) {
      float products[kAtOnce];
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i) {
        const auto from = static_cast<std::uint32_t>(__shfl_sync(kAllLanes, unit, first + i));
        const bool there = first + i < count && lambda.j < lambda.neurons;
        products[i] = there ? weights[from * lambda.neurons + lambda.j] : 0.0f;
      }
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i) products[i] *= lambda.scaled;
      const float sum = warp_sums(products);
      const int entry = first + lane_index() / kLanes;
      if (lane_index() % kLanes == 0 && entry < count)
        atomicAdd(&term.grad_source[base + static_cast<std::uint32_t>(entry)], sum);
    }
  });
}

/// A grid of samples and of blocks of neurons.
template <typename Adjoint>
__global__ void __launch_bounds__(128, 7)
    backpropagate_kernel(Adjoint adjoint, BackwardTerms terms) {
  const std::int64_t sample = blockIdx.x;
  const std::uint32_t j = blockIdx.y * blockDim.x + threadIdx.x;
  const auto neurons = static_cast<std::uint32_t>(adjoint.neurons);
  if (j - lane_index() >= neurons) return;  // the whole warp, here and below
  auto walk = adjoint.walk(sample, j);
  if (walk.step < 0) return;
  const std::int64_t first_row = sample * adjoint.steps;
  const BackwardTerm& first = terms.term[0];
  const auto steps = static_cast<int>(adjoint.steps);
  RowsAhead<Direction::down> events(
      first.grad_weight != nullptr ? first.events.offsets + first_row : nullptr,
      first.events.units,
      walk.step,
      steps);
  RowsAhead<Direction::down> active(
      first.grad_source != nullptr ? first.active_offsets + first_row : nullptr,
      first.active_units,
      walk.step,
      steps);
  double bias = 0.0;
  while (walk.step >= 0) {
    const std::int64_t row = first_row + walk.step;
    const RowEntries first_events = events.take();
    const RowEntries first_active = active.take();
    float lambda = adjoint.step_back(walk);
    if (j >= neurons) lambda = 0.0f;
    if (!__any_sync(kAllLanes, lambda != 0.0f)) continue;
    bias += static_cast<double>(lambda);
    for (int t = 0; t < terms.count; ++t) {
      const BackwardTerm& term = terms.term[t];
      const WarpLambda own{term.events.amplitude * lambda, j, neurons};
      if (term.grad_weight != nullptr)
        scatter_row(
            term,
            t == 0 ? first_events : row_entries(term.events.offsets, term.events.units, row),
            own);
      if (term.grad_source != nullptr)
        sample_row(term,
                   t == 0 ? first_active : row_entries(term.active_offsets, term.active_units, row),
                   own);
    }
  }
  if (terms.bias != nullptr && bias != 0.0) atomicAdd(&terms.bias[j], bias);
}

/// Writes lambda of a chunk's samples as dense rows; the grid is that of backpropagate_kernel.
template <typename Adjoint>
__global__ void __launch_bounds__(128)
    fill_lambda_kernel(Adjoint adjoint, ChunkRows<float> lambda) {
  const std::int64_t sample = blockIdx.x;
  const std::int64_t j = std::int64_t{blockIdx.y} * blockDim.x + threadIdx.x;
  const std::int64_t neurons = adjoint.neurons;
  float* const column = lambda.data + sample * adjoint.steps * neurons + j;
  auto walk = adjoint.walk(lambda.first + sample, j);
  if (j < neurons)
    for (std::int64_t k = adjoint.steps - 1; k > walk.step; --k) column[k * neurons] = 0.0f;
  while (walk.step >= 0) {
    const std::int64_t k = walk.step;
    const float value = adjoint.step_back(walk);
    if (j < neurons) column[k * neurons] = value;
  }
}

/// A warp for each 32 neurons of each sample.
inline LaunchShape warps_of(std::int64_t samples,
                            std::int64_t neurons,
                            const Context& context,
                            Place place = Place::current()) {
  const std::int64_t padded = (neurons + kWarp - 1) / kWarp * kWarp;
  const std::int64_t threads = std::min<std::int64_t>(padded, 128);
  return {.grid = dim3(static_cast<unsigned>(samples), blocks_for(padded, threads)),
          .block = static_cast<unsigned>(threads),
          .stream = context.stream(),
          .place = place};
}

/// What backward has to do, sorted by how it is done.
struct BackwardPlan {
  struct Scatter {
    const CurrentView::Term* term;
    const ChunkVerbs* path;
    float* grad;
  };

  BackwardPlan(const CurrentView& current,
               const SpikeTensor* own_spikes,
               const CurrentGradients& gradients);

  BackwardTerms fused;
  std::vector<Scatter> scatters;
  std::vector<Scatter> samples;
  std::vector<float*> biases;
  bool chunked_bias = false;                  ///< summed in a fixed order, with the chunks
  std::vector<CurrentView::Term> recurrence;  ///< the layer's own spikes as a term, or empty
  std::shared_ptr<const Synapse> recurrent_synapse;

  bool has_fused() const { return fused.count > 0 || (!biases.empty() && !chunked_bias); }
  bool has_chunks() const {
    return !scatters.empty() || !samples.empty() || (!biases.empty() && chunked_bias);
  }

 private:
  void add(const CurrentView::Term& term, float* grad_weight, float* grad_source);
};

/// Takes an adjoint's lambdas to all wanted gradients; `own_spikes` are the layer's, for the
/// recurrence, null without one.
template <typename Adjoint>
void backpropagate(const CurrentView& current,
                   const SpikeTensor* own_spikes,
                   const Adjoint& adjoint,
                   const CurrentGradients& gradients) {
  if (current.batch == 0 || current.steps == 0) return;
  const Context& context = Context::use(current.device);
  BackwardPlan plan(current, own_spikes, gradients);
  Buffer<double> bias;
  if (!plan.biases.empty())
    bias = Buffer<double>::zeros(
        static_cast<std::size_t>(current.neurons), current.device, MemoryTag::scratch);
  if (plan.has_fused()) {
    if (!plan.chunked_bias && !bias.empty()) plan.fused.bias = bias.data();
    launch(backpropagate_kernel<Adjoint>,
           warps_of(current.batch, current.neurons, context),
           adjoint,
           plan.fused);
  }
  if (plan.has_chunks())
    for_each_chunk(current, [&](std::int64_t first, std::int64_t samples) {
      Buffer<float> rows(static_cast<std::size_t>(samples * current.steps * current.neurons),
                         current.device,
                         MemoryTag::scratch);
      launch(fill_lambda_kernel<Adjoint>,
             warps_of(samples, current.neurons, context),
             adjoint,
             ChunkRows<float>{rows.data(), first, samples, current.steps, current.neurons});
      const ChunkRows<const float> lambda{
          rows.data(), first, samples, current.steps, current.neurons};
      for (const auto& [term, path, grad] : plan.scatters) path->scatter(*term, lambda, grad);
      for (const auto& [term, path, grad] : plan.samples) path->sample(*term, lambda, grad);
      if (plan.chunked_bias && !bias.empty()) add_column_sums(context, lambda, bias.data());
    });
  for (float* const grad : plan.biases)
    add_bias_gradient(context, bias.data(), current.neurons, grad);
}

}  // namespace spiketape::cuda
