#pragma once

// The two recursions that give lambda[k] = dL/dI[k], one value per neuron, walking the steps down.
// Each is a struct of what the card needs, a Walk, and
//
//     walk(sample, j)    at the last step that any gradient of the warp's neurons reaches: behind
//                        it every lambda is 0. walk.step is that step, or -1
//     step_back(walk)    lambda[walk.step]; afterwards the walk is one step further down
//
// which is the only difference between a layer of neurons and a readout on the way back. A warp
// walks together: its lanes are 32 neurons in a row of one sample, j may lie behind the last.
#include "core/sweep.hpp"
#include "cuda/neuron_view.cuh"
#include "cuda/rows_ahead.cuh"

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

  struct Walk {
    Lane lane;
    int j;
    int step;
    RowsAhead<Direction::down> rows;
    float slope;  ///< of the lane's entry of rows.next()
    float grad;
  };
  __device__ Walk walk(std::int64_t sample, std::int64_t j) const {
    const Lane lane = start(sample, j < neurons ? j : 0);
    const std::uint32_t* const offsets = active.offsets + lane.first_row;
    const int step = last_step(offsets);
    Walk walk{lane,
              static_cast<int>(j),
              step,
              {step < 0 ? nullptr : offsets, active.units, step, static_cast<int>(steps)},
              0.0f,
              0.0f};
    load_values(walk);
    return walk;
  }
  __device__ float step_back(Walk& walk) const {
    const float lambda = recur(walk.lane);
    const float eps = walk.slope * walk.grad;
    const RowEntries row = walk.rows.take();
    load_values(walk);
    --walk.step;
    if (row.end - row.begin == static_cast<std::uint32_t>(neurons)) {
      inject_of_everyone(walk, row.begin);
      return lambda;
    }
    const int first = walk.j - lane_index();
    row.for_each_warp(active.units, [&](std::uint32_t base, int count, int unit) {
      const bool here = lane_index() < count && unit >= first && unit < first + kWarp;
      float own = eps;
      if (base != row.begin && here) {
        const std::uint32_t e = base + static_cast<std::uint32_t>(lane_index());
        own = active.slope[e] * active.grad[e];
      }
      for (unsigned left = __ballot_sync(kAllLanes, here); left != 0; left &= left - 1) {
        const int from = __ffs(static_cast<int>(left)) - 1;
        const int j = __shfl_sync(kAllLanes, unit, from);
        const float value = __shfl_sync(kAllLanes, own, from);
        if (j == walk.j) inject(walk.lane, value);
      }
    });
    return lambda;
  }

 private:
  /// The last step of a sample that has an active entry, or -1: 32 steps are asked at once.
  __device__ int last_step(const std::uint32_t* offsets) const {
    const std::uint32_t end = offsets[steps];
    if (offsets[0] == end) return -1;
    for (int top = static_cast<int>(steps);; top -= kWarp) {
      const int k = top - kWarp + lane_index();
      const unsigned reached = __ballot_sync(kAllLanes, k < 0 || offsets[k < 0 ? 0 : k] < end);
      if (reached != 0) return top - 1 - __clz(static_cast<int>(reached));
    }
  }
  /// Entries in order: dense backprop.
  __device__ void inject_of_everyone(Walk& walk, std::uint32_t begin) const {
    const std::uint32_t e = begin + static_cast<std::uint32_t>(walk.j);
    if (walk.j < static_cast<int>(neurons)) inject(walk.lane, active.slope[e] * active.grad[e]);
  }
  __device__ void load_values(Walk& walk) const {
    const RowEntries& next = walk.rows.next();
    const std::uint32_t e = next.begin + static_cast<std::uint32_t>(lane_index());
    walk.slope = e < next.end ? active.slope[e] : 0.0f;
    walk.grad = e < next.end ? active.grad[e] : 0.0f;
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

  struct Walk {
    float p;
    float grad;  ///< of the score, per step that it reaches
    int first;   ///< steps that the score's gradient reaches
    int last;
    int step;
    std::int64_t cell;  ///< of the trace at step 0
  };
  __device__ Walk walk(std::int64_t sample, std::int64_t j) const {
    const std::int64_t own = j < neurons ? j : 0;
    const std::int64_t class_cell = sample * neurons + own;
    const int end = static_cast<int>(steps) - 1;
    Walk walk{0.0f, 0.0f, 0, end, end, sample * steps * neurons + own};
    if (grad_scores == nullptr) return walk;
    walk.grad = grad_scores[class_cell];
    if (score == Score::max) walk.first = walk.last = at[class_cell];
    if (score == Score::last) walk.first = end;
    if (score == Score::mean) walk.grad /= static_cast<float>(steps);
    if (grad_trace == nullptr) walk.step = latest(walk.last);
    return walk;
  }
  __device__ float step_back(Walk& walk) const {
    const int k = walk.step--;
    const float lambda = (1.0f - decay) * walk.p;
    float grad = grad_trace != nullptr ? grad_trace[walk.cell + k * neurons] : 0.0f;
    if (k >= walk.first && k <= walk.last) grad += walk.grad;
    walk.p = fmaf(decay, walk.p, grad);
    return lambda;
  }

 private:
  /// The latest of the warp's steps.
  __device__ static int latest(int step) {
    for (int distance = kWarp / 2; distance > 0; distance /= 2) {
      const int other = __shfl_xor_sync(kAllLanes, step, distance);
      step = other > step ? other : step;
    }
    return step;
  }
};

}  // namespace spiketape::cuda
