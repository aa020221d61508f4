#pragma once

// The two recursions that give lambda[k] = dL/dI[k], one value per neuron, walking the steps down.
// Each is a struct of what the card needs, a Lane with one neuron's state in registers, and
// step_back(): the only difference between a layer of neurons and a readout on the way back.
#include "core/sweep.hpp"
#include "cuda/neuron_view.cuh"

namespace spiketape::cuda {

/// The active set of a batch with dL/dS.
struct ActiveGrad {
  const std::uint32_t* offsets;  ///< [rows + 1]
  const UnitId* units;
  const float* slope;
  const float* grad;  ///< one value per active entry
};

/// With p[steps] = 0: lambda[k] = b . p[k+1], p[k] = A^T p[k+1] + c eps[k], eps = slope dL/dS on
/// the active set (design section 1).
template <int kStates>
struct NeuronAdjoint {
  NeuronView<float, kStates> coefficients;
  ActiveGrad active;
  std::int64_t steps;
  std::int64_t neurons;

  struct Lane {
    typename NeuronView<float, kStates>::Registers k;
    float p[kStates];
    std::int64_t first_row;
    std::int64_t j;
  };
  __device__ Lane start(std::int64_t sample, std::int64_t j) const {
    Lane lane{coefficients.of(j), {}, sample * steps, j};
    return lane;
  }
  /// lambda[k]; afterwards the lane holds A^T p[k+1].
  __device__ float recur(Lane& lane) const {
    float lambda = 0.0f;
    float next[kStates];
    for (int q = 0; q < kStates; ++q) {
      lambda = fmaf(lane.k.b[q], lane.p[q], lambda);
      next[q] = 0.0f;
      for (int s = 0; s < kStates; ++s) next[q] = fmaf(lane.k.a[s][q], lane.p[s], next[q]);
    }
    for (int q = 0; q < kStates; ++q) lane.p[q] = next[q];
    return lambda;
  }
  __device__ void inject(Lane& lane, float eps) const {
    for (int q = 0; q < kStates; ++q) lane.p[q] = fmaf(lane.k.c[q], eps, lane.p[q]);
  }
  __device__ float step_back(Lane& lane, std::int64_t k) const {
    const float lambda = recur(lane);
    const std::uint32_t begin = active.offsets[lane.first_row + k];
    const std::uint32_t end = active.offsets[lane.first_row + k + 1];
    if (end - begin == neurons) {  // everyone, in order: dense backprop
      const std::int64_t e = begin + lane.j;
      inject(lane, active.slope[e] * active.grad[e]);
    } else {
      for (std::uint32_t e = begin; e < end; ++e)
        if (active.units[e] == lane.j) inject(lane, active.slope[e] * active.grad[e]);
    }
    return lambda;
  }
};

/// O[t+1] = d O[t] + (1 - d) I[t]; with p[steps] = 0: lambda[k] = (1 - d) p[k+1],
/// p[k] = d p[k+1] + dL/dO[k].
struct ReadoutAdjoint {
  float decay;
  Score score;
  const float* grad_scores;  ///< [batch, neurons], or null
  const std::int32_t* at;    ///< [batch, neurons]: the step of each maximum
  const float* grad_trace;   ///< [batch, steps, neurons], or null
  std::int64_t steps;
  std::int64_t neurons;

  struct Lane {
    float p;
    float grad;          ///< of the score, per step that it reaches
    std::int64_t first;  ///< steps that the score's gradient reaches
    std::int64_t last;
    std::int64_t cell;  ///< of the trace at step 0
  };
  __device__ Lane start(std::int64_t sample, std::int64_t j) const {
    const std::int64_t class_cell = sample * neurons + j;
    Lane lane{0.0f, 0.0f, 0, steps - 1, sample * steps * neurons + j};
    if (grad_scores == nullptr) return lane;
    lane.grad = grad_scores[class_cell];
    if (score == Score::max) lane.first = lane.last = at[class_cell];
    if (score == Score::last) lane.first = steps - 1;
    if (score == Score::mean) lane.grad /= static_cast<float>(steps);
    return lane;
  }
  __device__ float step_back(Lane& lane, std::int64_t k) const {
    const float lambda = (1.0f - decay) * lane.p;
    float grad = grad_trace != nullptr ? grad_trace[lane.cell + k * neurons] : 0.0f;
    if (k >= lane.first && k <= lane.last) grad += lane.grad;
    lane.p = fmaf(decay, lane.p, grad);
    return lambda;
  }
};

}  // namespace spiketape::cuda
