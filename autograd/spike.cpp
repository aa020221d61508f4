#include <cmath>

#include "autograd/current_view.hpp"
#include "autograd/dispatch.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"

namespace spiketape {
namespace {

/// What a dense step would do: the products of all terms, once forward and once more for each
/// gradient.
void count_forward(Monitor& monitor, const Current& current, const SpikeTensor& spikes) {
  const auto places = spikes.rows() * spikes.neurons();
  const double own = current.recurrence().defined() ? static_cast<double>(spikes.event_count()) *
                                                          static_cast<double>(spikes.neurons())
                                                    : 0.0;
  monitor.neuron_steps += places;
  monitor.spikes += spikes.event_count();
  monitor.active += spikes.active_count();
  monitor.macs += event_macs(current) + own + static_cast<double>(places);
  monitor.dense_macs += dense_macs(current) + static_cast<double>(places);
  monitor.bytes += static_cast<std::int64_t>(spikes.bytes());
  monitor.dense_bytes += places * static_cast<std::int64_t>(sizeof(float));
}

void count_backward(Monitor& monitor, const Current& current, const SpikeTensor& spikes) {
  const auto places = static_cast<double>(spikes.rows() * spikes.neurons());
  for (const Current::Term& term : current.terms()) {
    const SpikeTensor& source = term.source.value();
    const double dense =
        term.synapse->multiply_adds(static_cast<double>(source.rows() * source.neurons()));
    if (term.weight.wants_grad()) {
      monitor.macs += term.synapse->multiply_adds(static_cast<double>(source.event_count()));
      monitor.dense_macs += dense;
    }
    if (term.source.wants_grad()) {
      monitor.macs += term.synapse->multiply_adds(static_cast<double>(source.active_count()));
      monitor.dense_macs += dense;
    }
  }
  if (current.recurrence().defined()) {
    const auto neurons = static_cast<double>(spikes.neurons());
    monitor.macs += neurons * static_cast<double>(spikes.event_count() + spikes.active_count());
    monitor.dense_macs += 2.0 * neurons * places;
  }
  monitor.macs += places;
  monitor.dense_macs += places;
}

}  // namespace

// Forward (design section 1):  x[t+1] = A x[t] + b I[t] + r S[t],  V = c . x,  S = V > threshold.
// Backward:  eps = g(V) dL/dS on the active set,  p[k] = A^T p[k+1] + c eps[k],  dL/dI[k] = b .
// p[k+1]. Saved: the events and the active set with its slopes (the output itself) and handles of
// the inputs; never a membrane.
SpikeVariable spike(const Current& current,
                    const NeuronModel& model,
                    const std::shared_ptr<Monitor>& monitor) {
  model.check(current.neurons());
  const bool recorded = Tape::current() != nullptr && current.wants_grad();
  const bool want_active = Tape::current() != nullptr;
  SpikeVariable spikes(
      dispatch<cpu::forward_sweep, cuda::forward_sweep>(
          current.device(), ForwardSweepArguments{view(current), model, want_active}),
      recorded);
  if (monitor) count_forward(*monitor, current, spikes.value());
  if (recorded)
    Tape::current()->record("spike " + current.name(), [current, model, spikes, monitor] {
      if (!spikes.has_grad()) return;
      dispatch<cpu::backward_sweep, cuda::backward_sweep>(
          current.device(),
          BackwardSweepArguments{
              view(current),
              model,
              spikes.value(),
              std::span<const float>(spikes.grad().data(),
                                     static_cast<std::size_t>(spikes.grad().size())),
              wanted_gradients(current)});
      if (monitor) count_backward(*monitor, current, spikes.value());
    });
  return spikes;
}

}  // namespace spiketape
