#pragma once

// Where dL/dS of a layer also depends on its own future: through its recurrence and through the
// jumps of its states. A block owns one sample and walks the steps down once, to fill in the whole
//
//     dL/dS[k] = grad[k] + sum over carrying states of r . p[k+1] + recurrent lambda[k]
//
// at the active entries; backpropagate() then goes on as for any layer.
#include "cuda/adjoint.cuh"

namespace spiketape::cuda {

struct CoupledArguments {
  bool through_jump[NeuronModel::kMaxStates];
  const float* recurrent;  ///< [neurons, neurons], or null
  float* lambda;           ///< [batch, neurons], of the step at hand; or null without recurrence
  float* whole;            ///< one value per active entry
};

/// kPerThread neurons a thread, blockDim.x apart: the block holds every neuron.
template <int kStates, int kPerThread>
__global__ void __launch_bounds__(1024)
    couple_kernel(NeuronAdjoint<kStates> adjoint, CoupledArguments g) {
  const std::int64_t sample = blockIdx.x;
  const std::int64_t neurons = adjoint.neurons;
  const ActiveGrad& active = adjoint.active;
  float* const lambda = g.lambda != nullptr ? g.lambda + sample * neurons : nullptr;
  typename NeuronAdjoint<kStates>::Lane lane[kPerThread];
  for (int i = 0; i < kPerThread; ++i) {
    const std::int64_t j = threadIdx.x + i * std::int64_t{blockDim.x};
    lane[i] = adjoint.start(sample, j < neurons ? j : 0);
  }
  for (std::int64_t k = adjoint.steps - 1; k >= 0; --k) {
    const std::int64_t row = sample * adjoint.steps + k;
    const std::uint32_t begin = active.offsets[row];
    const std::uint32_t end = active.offsets[row + 1];
    float feedback[kPerThread];
    for (int i = 0; i < kPerThread; ++i) {
      feedback[i] = 0.0f;
      for (int q = 0; q < kStates; ++q)
        if (g.through_jump[q]) feedback[i] += lane[i].k.r[q] * lane[i].p[q];
      const float own = adjoint.recur(lane[i]);
      const std::int64_t j = threadIdx.x + i * std::int64_t{blockDim.x};
      if (lambda != nullptr && begin < end && j < neurons) lambda[j] = own;
    }
    if (lambda != nullptr && begin < end) {
      __syncthreads();
      for (std::uint32_t e = begin + threadIdx.x / kWarp; e < end; e += blockDim.x / kWarp) {
        const float* const weights = g.recurrent + active.units[e] * neurons;
        float sum = 0.0f;
        for (std::int64_t j = lane_index(); j < neurons; j += kWarp)
          sum = fmaf(weights[j], lambda[j], sum);
        sum = warp_sum(sum);
        if (lane_index() == 0) g.whole[e] = active.grad[e] + sum;
      }
      __syncthreads();
    }
    for (int i = 0; i < kPerThread; ++i) {
      const std::int64_t j = threadIdx.x + i * std::int64_t{blockDim.x};
      // Where everyone is active, an entry's place says whose it is.
      const bool everyone = end - begin == neurons;
      const auto first = static_cast<std::uint32_t>(begin + (everyone ? j : 0));
      const std::uint32_t last = everyone && j < neurons ? first + 1 : end;
      for (std::uint32_t e = first; e < last; ++e) {
        if (active.units[e] != j) continue;
        const float total = (lambda != nullptr ? g.whole[e] : active.grad[e]) + feedback[i];
        g.whole[e] = total;
        adjoint.inject(lane[i], active.slope[e] * total);
      }
    }
  }
}

}  // namespace spiketape::cuda
