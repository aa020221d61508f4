#include <algorithm>

#include "core/kernels/adjoint.hpp"
#include "core/kernels/backpropagate.hpp"
#include "core/parallel.hpp"
#include "core/sweep.hpp"

namespace spiketape::cpu {
namespace {

/// Whether dL/dS also depends on the layer's own future.
bool is_coupled(const BackwardSweepArguments& arguments) {
  const auto& jumps = arguments.model.gradient_through_jump;
  return arguments.current.recurrence != nullptr ||
         std::any_of(jumps.begin(), jumps.end(), [](bool on) { return on; });
}

/// dL/dS with the layer's own feedback.
Buffer<float> whole_grad(const BackwardSweepArguments& arguments,
                         const PackedNeuron<float>& neuron) {
  const SpikeTensor& spikes = arguments.spikes;
  const Tensor* const recurrence = arguments.current.recurrence;
  Buffer<float> whole(static_cast<std::size_t>(spikes.active_count()), kCpu, MemoryTag::scratch);
  const CoupledLayer layer{neuron,
                           arguments.model.gradient_through_jump,
                           spikes,
                           arguments.grad.data(),
                           recurrence != nullptr ? recurrence->data() : nullptr};
  parallel_for(spikes.batch(),
               [&](std::int64_t sample) { couple_grad(layer, sample, whole.data()); });
  return whole;
}

}  // namespace

void backward_sweep(const BackwardSweepArguments& arguments) {
  if (arguments.spikes.active_count() == 0) return;
  const PackedNeuron<float> neuron(arguments.model, arguments.current.neurons);
  Buffer<float> whole;
  if (is_coupled(arguments)) whole = whole_grad(arguments, neuron);
  const float* const grad = whole.empty() ? arguments.grad.data() : whole.data();
  backpropagate(
      arguments.current,
      &arguments.spikes,
      [&](const SampleRows<float>& lambda) { fill_lambda(neuron, arguments.spikes, grad, lambda); },
      arguments.gradients);
}

}  // namespace spiketape::cpu
