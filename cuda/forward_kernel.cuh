#pragma once

// Reading guide: a warp owns 32 neurons of one sample. It walks the steps alone with the states in
// registers: list who fired and who is active (entry_list.cuh), sum the weight rows of the units
// that fired, move on. Without recurrence warps never wait for each other. With recurrence one
// block holds all neurons of a sample, and its warps exchange their words (a bit for each neuron
// that fired) through shared memory, once a step. The arithmetic is the CPU's, in double and in the
// same order, so that spikes and active sets are the same bits.
#include <cfloat>
#include <limits>

#include "cuda/entry_list.cuh"
#include "cuda/gather.cuh"
#include "cuda/neuron_view.cuh"

namespace spiketape::cuda {

/// Where a sweep lists what happens.
struct SweepRecord {
  EntryPool spikes;
  EntryPool active;    ///< without counts when no active set is wanted
  std::int64_t words;  ///< lists of a sample
};

struct ForwardKernelArguments {
  std::int64_t first_sample;
  std::int64_t steps;
  std::int64_t neurons;
  EventTerms terms;
  const float* current;    ///< rows of the terms that were summed before, of the chunk; or null
  const double* bias;      ///< [neurons] or null
  const float* recurrent;  ///< [neurons, neurons] or null
  double threshold;
  double lowest;  ///< active: lowest < V < highest
  double highest;
  SweepRecord record;
  unsigned long long* not_finite;  ///< the lowest place_code()
  Spoiled spoiled;                 ///< set when there is one
};

/// The kind of a number that is not finite: 0 NaN, 1 inf, 2 -inf.
__device__ inline unsigned kind_of(double value) { return value != value ? 0 : value > 0 ? 1 : 2; }

/// Orders places by sample, step and neuron; the kind of number rides along. Step `steps` stands
/// for a state that the membrane does not show.
__device__ inline unsigned long long place_code(std::int64_t sample,
                                                std::int64_t step,
                                                std::int64_t steps,
                                                std::int64_t neuron,
                                                std::int64_t neurons,
                                                unsigned kind) {
  const auto place = (sample * (steps + 1) + step) * neurons + neuron;
  return static_cast<unsigned long long>(place) * 4 + kind;
}

/// The number that a place_code() tells of.
inline double not_finite_value(unsigned long long code) {
  constexpr double kKinds[] = {std::numeric_limits<double>::quiet_NaN(),
                               std::numeric_limits<double>::infinity(),
                               -std::numeric_limits<double>::infinity()};
  return kKinds[code % 4];
}

__device__ inline bool is_finite(double x) { return fabs(x) <= DBL_MAX; }

/// The states of one neuron.
template <int kStates>
struct Neuron {
  using Coefficients = typename NeuronView<double, kStates>::Registers;

  Coefficients k;
  double x[kStates];
  double membrane;
  int bad_step;  ///< first step with a membrane that is not finite, or -1
  unsigned bad_kind;

  __device__ void start(const Coefficients& coefficients) {
    k = coefficients;
    for (int q = 0; q < kStates; ++q) x[q] = 0.0;
    membrane = 0.0;
    bad_step = -1;
    bad_kind = 0;
  }
  __device__ void advance(double input, bool fired) {
    double next[kStates];
    for (int p = 0; p < kStates; ++p) {
      next[p] = fma(k.b[p], input, fired ? k.r[p] : 0.0);
      for (int q = 0; q < kStates; ++q) next[p] = fma(k.a[p][q], x[q], next[p]);
    }
    membrane = 0.0;
    for (int p = 0; p < kStates; ++p) {
      x[p] = next[p];
      membrane = fma(k.c[p], next[p], membrane);
    }
  }
  __device__ void watch(int step) {
    if (bad_step >= 0 || is_finite(membrane)) return;
    bad_step = step;
    bad_kind = kind_of(membrane);
  }
  __device__ bool finite() const {
    for (int q = 0; q < kStates; ++q)
      if (!is_finite(x[q])) return false;
    return true;
  }
};

/// Threads of a block without recurrence: few, so that blocks end early and make room for others.
inline constexpr int kForwardThreads = 128;
/// Words of a row that a recurrent layer's block exchanges.
inline constexpr int kMostWords = kMaxNeurons / kWarp;

/// kPerThread neurons a thread, blockDim.x apart; above 1 only for recurrent layers, whose block
/// must hold every neuron.
template <int kStates, bool kRecurrent, int kPerThread>
__global__ void __launch_bounds__(kRecurrent ? 1024 : kForwardThreads, kRecurrent ? 1 : 4)
    sweep_forward_kernel(ForwardKernelArguments g, NeuronView<double, kStates> coefficients) {
  __shared__ std::uint32_t fired_words[2][kRecurrent ? kMostWords : 1];
  const std::int64_t sample = g.first_sample + blockIdx.x;
  const int first = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x);
  const auto neurons = static_cast<int>(g.neurons);
  const auto steps = static_cast<int>(g.steps);
  const SweepRecord& record = g.record;
  const auto words = static_cast<int>(record.words);
  if (!kRecurrent && first / kWarp >= words) return;  // a whole warp behind the last neuron
  TermRows rows(g.terms, sample, g.steps);

  Neuron<kStates> neuron[kPerThread];
  ListWriter spikes[kPerThread];
  ListWriter active[kPerThread];
  for (int i = 0; i < kPerThread; ++i) {
    const int j = first + i * static_cast<int>(blockDim.x);
    neuron[i].start(coefficients.of(j < neurons ? j : 0));
    spikes[i].start();
    active[i].start();
  }

  for (int step = 0; step < steps; ++step) {
    const std::int64_t row = sample * steps + step;
    bool fired[kPerThread] = {};
    for (int i = 0; i < kPerThread; ++i) {
      const int j = first + i * static_cast<int>(blockDim.x);
      const int word = j / kWarp;
      if (word >= words) continue;  // a whole warp behind the last neuron
      const double v = neuron[i].membrane;
      const bool mine = j < neurons;
      fired[i] = mine && v > g.threshold;
      const unsigned now = __ballot_sync(kAllLanes, fired[i]);
      const std::int64_t list = sample * words + word;
      if (lane_index() == 0) {
        record.spikes.counts[row * words + word] = static_cast<std::uint8_t>(__popc(now));
        if (kRecurrent) fired_words[step % 2][word] = now;
      }
      spikes[i].append(record.spikes, list, now, 0.0f);
      if (record.active.counts == nullptr) continue;
      const unsigned near = __ballot_sync(kAllLanes, mine && v > g.lowest && v < g.highest);
      if (lane_index() == 0)
        record.active.counts[row * words + word] = static_cast<std::uint8_t>(__popc(near));
      active[i].append(record.active, list, near, static_cast<float>(v - g.threshold));
    }
    if (step + 1 == steps) break;

    if (kRecurrent) __syncthreads();
    rows.take();
    for (int i = 0; i < kPerThread; ++i) {
      const int j = first + i * static_cast<int>(blockDim.x);
      if (j / kWarp >= words) continue;
      const bool mine = j < neurons;
      const int column = mine ? j : 0;
      double input = g.bias != nullptr ? g.bias[column] : 0.0;
      if (g.current != nullptr)
        input += static_cast<double>(g.current[(row - g.first_sample * steps) * neurons + column]);
      input = rows.sum(row, neurons, column, input);
      if (!mine) continue;
      if (kRecurrent)
        for (int word = 0; word < words; ++word)
          for (std::uint32_t bits = fired_words[step % 2][word]; bits != 0; bits &= bits - 1) {
            const std::int64_t unit = word * kWarp + __ffs(static_cast<int>(bits)) - 1;
            input += static_cast<double>(g.recurrent[unit * neurons + j]);
          }
      neuron[i].advance(input, fired[i]);
      neuron[i].watch(step + 1);
    }
  }

  for (int i = 0; i < kPerThread; ++i) {
    const int j = first + i * static_cast<int>(blockDim.x);
    if (j >= neurons) continue;
    spikes[i].finish(record.spikes);
    active[i].finish(record.active);
    if (neuron[i].finite()) continue;
    g.spoiled.set();
    const bool shown = neuron[i].bad_step >= 0;
    atomicMin(
        g.not_finite,
        place_code(
            sample, shown ? neuron[i].bad_step : steps, steps, j, neurons, neuron[i].bad_kind));
  }
}

}  // namespace spiketape::cuda
