#include "cuda/backpropagate.cuh"

namespace spiketape::cuda {
BackwardPlan::BackwardPlan(const CurrentView& current,
                           const SpikeTensor* own_spikes,
                           const CurrentGradients& gradients)
    : chunked_bias(deterministic()) {
  require_few_terms(current);
  for (std::size_t i = 0; i < current.terms.size(); ++i)
    add(current.terms[i],
        gradients.weights[i] != nullptr ? gradients.weights[i]->data() : nullptr,
        gradients.sources[i]);
  if (gradients.recurrence != nullptr && own_spikes != nullptr) {
    recurrent_synapse = linear_synapse(current.neurons, current.neurons, SynapsePath::event);
    recurrence.push_back({*own_spikes, *current.recurrence, *recurrent_synapse, 1.0f});
    add(recurrence.front(), gradients.recurrence->data(), nullptr);
  }
  for (Tensor* const grad : gradients.biases)
    if (grad != nullptr) biases.push_back(grad->data());
}

void BackwardPlan::add(const CurrentView::Term& term, float* grad_weight, float* grad_source) {
  if (term.source.events().room() == 0) grad_weight = nullptr;
  if (term.source.active().room() == 0) grad_source = nullptr;
  if (grad_weight != nullptr)
    if (const ChunkVerbs* const path = scatter_path(term); path != nullptr) {
      scatters.push_back({&term, path, grad_weight});
      grad_weight = nullptr;
    }
  if (grad_source != nullptr)
    if (const ChunkVerbs* const path = sample_path(term); path != nullptr) {
      samples.push_back({&term, path, grad_source});
      grad_source = nullptr;
    }
  if (grad_weight == nullptr && grad_source == nullptr) return;
  BackwardTerm& added = fused.term[fused.count++];
  added = {event_term(term),
           term.source.active().offsets ? term.source.active().offsets->data() : nullptr,
           term.source.active().units ? term.source.active().units->data() : nullptr,
           grad_weight,
           grad_source};
}

}  // namespace spiketape::cuda
