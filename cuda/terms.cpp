#include "cuda/terms.hpp"

#include <memory>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/path_table.hpp"
#include "core/replay.hpp"

namespace spiketape::cuda {
namespace {

void require_linear(const CurrentView::Term& term) {
  if (term.synapse.name() != "linear")
    throw BackendError(fmt::format("synapse '{}': has no kernels on a card; use --device cpu",
                                   term.synapse.name()));
}

/// The chunked verbs of a path; null: event by event, inside the sweep.
const ChunkVerbs* verbs_of(SynapsePath path) {
  switch (path) {
    case SynapsePath::cusparse:
      return &kCusparse;
    case SynapsePath::cublas:
    case SynapsePath::gemm:
      return &kCublas;
    default:
      return deterministic() ? &kDeterministicEvents : nullptr;
  }
}

/// What the table of paths says about a verb that visits `entries` of the term's source.
SynapsePath path_by_table(const CurrentView::Term& term,
                          std::int64_t entries,
                          SynapsePath PathTable::Row::*verb) {
  const std::shared_ptr<const PathTable> table = path_table();
  if (term.weight.size() < table->least_weights) return SynapsePath::event;
  const auto places =
      static_cast<double>(term.source.rows()) * static_cast<double>(term.source.neurons());
  const double density = places > 0.0 ? static_cast<double>(entries) / places : 0.0;
  const SynapsePath best = table->nearest(term.synapse.outputs(), density).*verb;
  // The host has to wait for cuSPARSE's counts, so a step with it could not be recorded at all.
  const bool waits = best == SynapsePath::cusparse && Replay::recording() != nullptr;
  return waits ? SynapsePath::event : best;
}

const ChunkVerbs* backward_path(const CurrentView::Term& term,
                                std::int64_t entries,
                                SynapsePath PathTable::Row::*verb) {
  require_linear(term);
  const SynapsePath asked = term.synapse.path();
  return verbs_of(asked == SynapsePath::automatic ? path_by_table(term, entries, verb) : asked);
}

// A product sums in float, and an error of a current is magnified by the slope (docs/engine.md,
// "Numbers"): it gathers only when asked for by name.
const ChunkVerbs* gather_path(const CurrentView::Term& term) {
  require_linear(term);
  const SynapsePath asked = term.synapse.path();
  const bool by_events = asked == SynapsePath::automatic || asked == SynapsePath::event;
  return by_events ? nullptr : verbs_of(asked);
}

}  // namespace

EventTerm event_term(const CurrentView::Term& term) {
  return {term.source.events().offsets->data(),
          term.source.events().units->data(),
          term.weight.data(),
          term.amplitude};
}

// cuSPARSE's product of a transpose need not repeat its bits.
const ChunkVerbs* scatter_path(const CurrentView::Term& term) {
  const ChunkVerbs* const path =
      backward_path(term, term.source.event_count(), &PathTable::Row::scatter);
  return path == &kCusparse && deterministic() ? &kDeterministicEvents : path;
}
const ChunkVerbs* sample_path(const CurrentView::Term& term) {
  return backward_path(term, term.source.active_count(), &PathTable::Row::sample);
}

GatherPlan::GatherPlan(const CurrentView& current) {
  require_few_terms(current);
  for (const CurrentView::Term& term : current.terms) {
    const ChunkVerbs* const path = gather_path(term);
    if (term.source.events().room() == 0) continue;
    if (path != nullptr)
      chunked.push_back({&term, path});
    else
      by_events.append(event_term(term));
  }
}

void require_few_terms(const CurrentView& current) {
  if (current.terms.size() > kMostTerms)
    throw BackendError(fmt::format(
        "{}: a card sums at most {} terms of a current; add some layers' spikes through one Linear",
        current.name,
        kMostTerms));
}

}  // namespace spiketape::cuda
