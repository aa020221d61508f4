#include "autograd/current_view.hpp"
#include "autograd/dispatch.hpp"
#include "autograd/layer_work.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"

namespace spiketape {

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
  if (monitor) count_forward(monitor, current, spikes.value());
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
      if (monitor) count_backward(monitor, current, spikes.value());
    });
  return spikes;
}

}  // namespace spiketape
