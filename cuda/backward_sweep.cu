#include <algorithm>

#include "cuda/backpropagate.cuh"
#include "cuda/couple.cuh"

namespace spiketape::cuda {
namespace {

/// Whether dL/dS also depends on the layer's own future.
bool is_coupled(const BackwardSweepArguments& arguments) {
  const auto& jumps = arguments.model.gradient_through_jump;
  return arguments.current.recurrence != nullptr ||
         std::any_of(jumps.begin(), jumps.end(), [](bool on) { return on; });
}

/// dL/dS with the layer's own feedback.
template <int kStates>
Buffer<float> whole_grad(const Context& context,
                         const BackwardSweepArguments& arguments,
                         const NeuronAdjoint<kStates>& adjoint) {
  const CurrentView& current = arguments.current;
  Buffer<float> whole(arguments.grad.size(), current.device, MemoryTag::scratch);
  Buffer<float> lambda;
  CoupledArguments coupled{};
  std::copy(arguments.model.gradient_through_jump.begin(),
            arguments.model.gradient_through_jump.end(),
            coupled.through_jump);
  coupled.whole = whole.data();
  if (current.recurrence != nullptr) {
    lambda = Buffer<float>(static_cast<std::size_t>(current.batch * current.neurons),
                           current.device,
                           MemoryTag::scratch);
    coupled.recurrent = current.recurrence->data();
    coupled.lambda = lambda.data();
  }
  const auto kernel = current.neurons <= 1024   ? couple_kernel<kStates, 1>
                      : current.neurons <= 4096 ? couple_kernel<kStates, 4>
                                                : couple_kernel<kStates, 64>;
  const std::int64_t threads =
      std::min<std::int64_t>((current.neurons + kWarp - 1) / kWarp * kWarp, 1024);
  launch(kernel,
         {.grid = static_cast<unsigned>(current.batch),
          .block = static_cast<unsigned>(threads),
          .stream = context.stream()},
         adjoint,
         coupled);
  return whole;
}

}  // namespace

void backward_sweep(const BackwardSweepArguments& arguments) {
  const SpikeTensor& spikes = arguments.spikes;
  const CurrentView& current = arguments.current;
  if (spikes.active().room() == 0) return;
  const Context& context = Context::use(current.device);
  const NeuronOnCard<float> neuron(arguments.model, current.neurons, current.device);
  neuron.visit([&]<int kStates>(const NeuronView<float, kStates>& view) {
    NeuronAdjoint<kStates> adjoint{view,
                                   {spikes.active().offsets->data(),
                                    spikes.active().units->data(),
                                    spikes.slope()->data(),
                                    arguments.grad.data()},
                                   current.steps,
                                   current.neurons};
    Buffer<float> whole;
    if (is_coupled(arguments)) {
      whole = whole_grad(context, arguments, adjoint);
      adjoint.active.grad = whole.data();
    }
    backpropagate(current, &spikes, adjoint, arguments.gradients);
  });
}

}  // namespace spiketape::cuda
