#include <algorithm>

#include "core/kernels/adjoint.hpp"
#include "core/kernels/backpropagate.hpp"
#include "core/parallel.hpp"
#include "core/sweep.hpp"

namespace spiketape::cpu {
namespace {

/// eps = slope * dL/dS at each active entry, dL/dS with the layer's own feedback where it has one.
Buffer<float> make_eps(const BackwardSweepArguments& arguments, const PackedNeuron<float>& neuron) {
  const SpikeTensor& spikes = arguments.spikes;
  Buffer<float> eps(static_cast<std::size_t>(spikes.active_count()), kCpu, MemoryTag::scratch);
  const auto& jumps = arguments.model.gradient_through_jump;
  const Tensor* const recurrence = arguments.current.recurrence;
  const bool coupled =
      recurrence != nullptr || std::any_of(jumps.begin(), jumps.end(), [](bool on) { return on; });
  if (coupled) {
    parallel_for(spikes.batch(), [&](std::int64_t sample) {
      couple_eps(neuron,
                 jumps,
                 spikes,
                 arguments.grad.data(),
                 recurrence != nullptr ? recurrence->data() : nullptr,
                 sample,
                 eps.data());
    });
  } else {
    const float* const slope = spikes.slopes().data();
    parallel_ranges(spikes.active_count(), 1 << 15, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t e = begin; e < end; ++e)
        eps.data()[e] = slope[e] * arguments.grad.data()[e];
    });
  }
  return eps;
}

}  // namespace

void backward_sweep(const BackwardSweepArguments& arguments) {
  if (arguments.spikes.active_count() == 0) return;
  const PackedNeuron<float> neuron(arguments.model, arguments.current.neurons);
  const Buffer<float> eps = make_eps(arguments, neuron);
  backpropagate(
      arguments.current,
      &arguments.spikes,
      [&](const SampleRows<float>& lambda) {
        fill_lambda(neuron, arguments.spikes, eps.data(), lambda);
      },
      arguments.gradients);
}

}  // namespace spiketape::cpu
