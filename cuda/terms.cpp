#include "cuda/terms.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape::cuda {
namespace {

/// Entries per place from which a product of densified steps is taken for the way back. Set by
/// reckoning, not by measurement: docs/gpu.md, "Which path".
constexpr double kProductDensity = 0.5;
constexpr std::int64_t kProductWeights = 4096;

void require_linear(const CurrentView::Term& term) {
  if (term.synapse.name() != "linear")
    throw BackendError(fmt::format("synapse '{}': has no kernels on a card; use --device cpu",
                                   term.synapse.name()));
}

bool is_dense(const CurrentView::Term& term, std::int64_t entries) {
  if (term.weight.size() < kProductWeights) return false;
  const auto places =
      static_cast<double>(term.source.rows()) * static_cast<double>(term.source.neurons());
  return static_cast<double>(entries) > kProductDensity * places;
}

const ChunkVerbs* events() { return deterministic() ? &kDeterministicEvents : nullptr; }

const ChunkVerbs* backward_path(const CurrentView::Term& term, std::int64_t entries) {
  require_linear(term);
  switch (term.synapse.path()) {
    case SynapsePath::cusparse:
      return &kCusparse;
    case SynapsePath::cublas:
    case SynapsePath::gemm:
      return &kCublas;
    case SynapsePath::event:
      return events();
    default:
      return is_dense(term, entries) ? &kCublas : events();
  }
}

// A product sums in float, and an error of a current is magnified by the slope (docs/engine.md,
// "Numbers"): it gathers only when asked for by name.
const ChunkVerbs* gather_path(const CurrentView::Term& term) {
  require_linear(term);
  switch (term.synapse.path()) {
    case SynapsePath::cusparse:
      return &kCusparse;
    case SynapsePath::cublas:
    case SynapsePath::gemm:
      return &kCublas;
    default:
      return nullptr;
  }
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
  const ChunkVerbs* const path = backward_path(term, term.source.event_count());
  return path == &kCusparse && deterministic() ? &kDeterministicEvents : path;
}
const ChunkVerbs* sample_path(const CurrentView::Term& term) {
  return backward_path(term, term.source.active_count());
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
