#pragma once

// Reading guide: taking lambda = dL/dI to weights, sources and biases. The fused kernel does it
// without an array of lambdas: a warp owns 32 neurons of one sample, walks the steps down with the
// adjoint in registers, and wherever a lambda is not zero adds it to the weight gradients of the
// input spikes and takes its products with the active inputs' weights - by atomics, whole rows of
// 32 floats at a time. Terms that go another way (deterministic sums, cuSPARSE, cuBLAS) get lambda
// as dense rows of a few samples.
#include <algorithm>

#include "cuda/adjoint.cuh"
#include "cuda/bias.hpp"
#include "cuda/terms.hpp"

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

template <typename Adjoint>
__global__ void __launch_bounds__(128) backpropagate_kernel(Adjoint adjoint, BackwardTerms terms) {
  const std::int64_t sample = blockIdx.x;
  const std::int64_t j = std::int64_t{blockIdx.y} * blockDim.x + threadIdx.x;
  const std::int64_t neurons = adjoint.neurons;
  const bool mine = j < neurons;
  auto lane = adjoint.start(sample, mine ? j : 0);
  double bias = 0.0;
  for (std::int64_t k = adjoint.steps - 1; k >= 0; --k) {
    float lambda = adjoint.step_back(lane, k);
    if (!mine) lambda = 0.0f;
    if (!__any_sync(kAllLanes, lambda != 0.0f)) continue;
    bias += static_cast<double>(lambda);
    const std::int64_t row = sample * adjoint.steps + k;
    for (int t = 0; t < terms.count; ++t) {
      const BackwardTerm& term = terms.term[t];
      const float scaled = term.events.amplitude * lambda;
      if (term.grad_weight != nullptr && scaled != 0.0f) {
        const std::uint32_t end = term.events.offsets[row + 1];
        for (std::uint32_t e = term.events.offsets[row]; e < end; ++e)
          atomicAdd(&term.grad_weight[term.events.units[e] * neurons + j], scaled);
      }
      if (term.grad_source == nullptr) continue;
      const std::uint32_t end = term.active_offsets[row + 1];
      for (std::uint32_t e = term.active_offsets[row]; e < end; ++e) {
        const float product =
            mine ? term.events.weights[term.active_units[e] * neurons + j] * scaled : 0.0f;
        const float sum = warp_sum(product);
        if (lane_index() == 0) atomicAdd(&term.grad_source[e], sum);
      }
    }
  }
  if (terms.bias != nullptr && bias != 0.0) atomicAdd(&terms.bias[j], bias);
}

/// Writes lambda of a chunk's samples as dense rows, a thread for each neuron of a sample.
template <typename Adjoint>
__global__ void fill_lambda_kernel(Adjoint adjoint, ChunkRows<float> lambda) {
  const std::int64_t neurons = adjoint.neurons;
  for (std::int64_t i = thread_index(); i < lambda.samples * neurons; i += thread_stride()) {
    const std::int64_t sample = i / neurons;
    const std::int64_t j = i % neurons;
    auto lane = adjoint.start(lambda.first + sample, j);
    float* const column = lambda.data + sample * adjoint.steps * neurons + j;
    for (std::int64_t k = adjoint.steps - 1; k >= 0; --k)
      column[k * neurons] = adjoint.step_back(lane, k);
  }
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
    const std::int64_t padded_neurons = (current.neurons + kWarp - 1) / kWarp * kWarp;
    const std::int64_t threads = std::min<std::int64_t>(padded_neurons, 128);
    launch(backpropagate_kernel<Adjoint>,
           {.grid = dim3(static_cast<unsigned>(current.batch), blocks_for(padded_neurons, threads)),
            .block = static_cast<unsigned>(threads),
            .stream = context.stream()},
           adjoint,
           plan.fused);
  }
  if (plan.has_chunks())
    for_each_chunk(current, [&](std::int64_t first, std::int64_t samples) {
      Buffer<float> rows(static_cast<std::size_t>(samples * current.steps * current.neurons),
                         current.device,
                         MemoryTag::scratch);
      launch(fill_lambda_kernel<Adjoint>,
             each_of(samples * current.neurons, context),
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
