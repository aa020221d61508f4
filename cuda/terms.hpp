#pragma once

#include <vector>

#include "core/sweep.hpp"
#include "cuda/linear_chunk.hpp"

/// The terms of a current as the kernels see them.
namespace spiketape::cuda {

/// Most terms that one sweep sums by events; a kernel takes them by value.
inline constexpr int kMostTerms = 16;

/// A linear projection whose weight rows a kernel sums event by event.
struct EventTerm {
  const std::uint32_t* offsets;  ///< [rows + 1]
  const UnitId* units;
  const float* weights;  ///< [inputs, neurons]
  float amplitude;
};

struct EventTerms {
  EventTerm term[kMostTerms] = {};
  int count = 0;

  void append(const EventTerm& added) { term[count++] = added; }
};

EventTerm event_term(const CurrentView::Term& term);

/// The terms of a current that have events, sorted by how they are summed.
struct GatherPlan {
  /// @throws BackendError for a synapse that has no kernels on the card, and for too many terms.
  explicit GatherPlan(const CurrentView& current);

  struct Chunked {
    const CurrentView::Term* term;
    const ChunkVerbs* path;
  };
  EventTerms by_events;          ///< event by event, inside the sweep
  std::vector<Chunked> chunked;  ///< over chunks of samples, before it
};

/// How a term's scatter or sample is done. Null: inside the sweep, by atomics; else over chunks.
/// @throws BackendError as GatherPlan.
const ChunkVerbs* scatter_path(const CurrentView::Term& term);
const ChunkVerbs* sample_path(const CurrentView::Term& term);

/// @throws BackendError when a current has more than kMostTerms terms.
void require_few_terms(const CurrentView& current);

/// Calls body(first, samples) for each chunk of a batch.
template <typename Body>
void for_each_chunk(const CurrentView& current, const Body& body) {
  const std::int64_t most = chunk_samples(current.batch, current.steps, current.neurons);
  for (std::int64_t first = 0; first < current.batch; first += most)
    body(first, current.batch - first < most ? current.batch - first : most);
}

}  // namespace spiketape::cuda
