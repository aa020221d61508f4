#pragma once

#include <algorithm>

#include "core/sweep.hpp"

/// The three verbs of a linear projection (core/synapse.hpp) over the rows of a few consecutive
/// samples at once, for the paths that need current or lambda as a dense matrix: cuSPARSE, cuBLAS,
/// and the deterministic event path. A chunk holds as many samples as fit a memory budget, so that
/// no array of batch x step x neuron exists.
namespace spiketape::cuda {

/// Most bytes of a chunk's dense rows, unless one sample alone has more.
inline constexpr std::int64_t kChunkBytes = 32 * 1024 * 1024;

/// How many samples of a batch a chunk holds; at least 1.
constexpr std::int64_t chunk_samples(std::int64_t batch, std::int64_t steps, std::int64_t neurons) {
  const std::int64_t sample_bytes =
      std::max<std::int64_t>(1, steps * neurons * static_cast<std::int64_t>(sizeof(float)));
  return std::max<std::int64_t>(1, std::min(batch, kChunkBytes / sample_bytes));
}

/// Dense rows of samples [first, first + samples) on the card: the value of (sample, step, neuron)
/// lies at data[((sample - first) * steps + step) * neurons + neuron].
template <typename T>
struct ChunkRows {
  T* data = nullptr;
  std::int64_t first = 0;
  std::int64_t samples = 0;
  std::int64_t steps = 0;    ///< also of the source
  std::int64_t neurons = 0;  ///< of the layer that the current drives

  std::int64_t first_row() const { return first * steps; }
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

/// Device pointers throughout; the work is queued on Context::stream(). Where the host has to know
/// how many entries a chunk has (all of cuSPARSE; scatter of sorted events unless it is recorded)
/// it waits for the card first. A term without events, or without an active set, is no work.
struct ChunkVerbs {
  GatherChunk gather;
  ScatterChunk scatter;
  SampleChunk sample;
};

/// Sums event by event, each in a fixed order, without atomics: the same bits from run to run.
/// gather sums in double as the CPU does. Needs no memory but scatter's sorted events.
extern const ChunkVerbs kDeterministicEvents;

/// SpMM, SpMM of the transpose, and SDDMM at the active entries, in float. gather and sample give
/// the same bits from run to run, scatter need not.
///
/// cuSPARSE promises nothing for a row that names a column twice or out of order (its "Storage
/// formats"). The ids of a layer's own spikes rise strictly, but pooling repeats them: a chunk in
/// which some row's ids do not rise strictly goes by kDeterministicEvents.
extern const ChunkVerbs kCusparse;

/// Matrix products of densified steps, in slices of rows under a memory budget, in float (cuBLAS'
/// default mode: TF32 is not used).
extern const ChunkVerbs kCublas;

}  // namespace spiketape::cuda
