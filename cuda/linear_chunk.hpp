#pragma once

#include "core/sweep.hpp"

/// The three verbs of a linear projection (core/synapse.hpp) over the rows of a few consecutive
/// samples at once, for the paths that need current or lambda as a dense matrix: cuSPARSE, cuBLAS,
/// and the deterministic event path. A chunk holds as many samples as fit a memory budget, so that
/// no array of batch x step x neuron exists.
namespace spiketape::cuda {

/// Dense rows of samples [first, first + samples) on the card: the value of (sample, step, neuron)
/// lies at data[((sample - first) * steps + step) * neurons + neuron].
template <typename T>
struct ChunkRows {
  T* data = nullptr;
  std::int64_t first = 0;
  std::int64_t samples = 0;
  std::int64_t steps = 0;
  std::int64_t neurons = 0;  ///< of the layer that the current drives

  std::int64_t rows() const { return samples * steps; }
};

/// current += amplitude * (events of the chunk) weights
using GatherChunk = void (*)(const CurrentView::Term& term, const ChunkRows<float>& current);
/// grad_weight [inputs, neurons] += amplitude * (events of the chunk)^T lambda
using ScatterChunk = void (*)(const CurrentView::Term& term,
                              const ChunkRows<const float>& lambda,
                              float* grad_weight);
/// grad_source[e] += amplitude * weights[unit of e, :] . lambda[row of e, :] for each active entry
/// e of the chunk; grad_source has one value per active entry of the whole source.
using SampleChunk = void (*)(const CurrentView::Term& term,
                             const ChunkRows<const float>& lambda,
                             float* grad_source);

struct ChunkVerbs {
  GatherChunk gather;
  ScatterChunk scatter;
  SampleChunk sample;
};

/// Sums event by event, each in a fixed order: the same bits from run to run.
extern const ChunkVerbs kDeterministicEvents;
/// SpMM, SpMM of the transpose, and SDDMM at the active entries.
extern const ChunkVerbs kCusparse;
/// Matrix products of densified steps, in slices of rows under a memory budget.
extern const ChunkVerbs kCublas;

}  // namespace spiketape::cuda
