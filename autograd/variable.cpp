#include "autograd/variable.hpp"

#include "core/replay.hpp"

namespace spiketape {

Variable::Variable(Tensor value, bool wants_grad) : state_(std::make_shared<State>()) {
  state_->value = std::move(value);
  state_->wants_grad = wants_grad;
  if (const Replay* const replay = Replay::recording()) state_->made_in = replay->id();
}

Tensor& Variable::grad() const {
  Replay* const replay = Replay::recording();
  if (!state_->has_grad) {
    if (state_->grad.shape() == state_->value.shape() &&
        state_->grad.device() == state_->value.device())
      state_->grad.fill(0.0f);
    else if (replay != nullptr && state_->made_in != replay->id())
      throw NotYetRecordable("a gradient that outlives the step has no memory yet");
    else
      state_->grad = Tensor(state_->value.shape(), state_->value.device(), MemoryTag::gradient);
    state_->has_grad = true;
    state_->recorded_in = 0;
    if (replay != nullptr) follow_grad(replay);
  } else if (replay != nullptr && state_->recorded_in != replay->id()) {
    throw NotRecordable(
        "the gradient of a step is added to one that is there; clear gradients between steps, as "
        "optimisers do");
  }
  return state_->grad;
}

// A replay starts the gradient from zeros in the same memory, where no op says that it is there.
void Variable::follow_grad(Replay* replay) const {
  state_->recorded_in = replay->id();
  const std::weak_ptr<State> weak = state_;
  replay->at_end([weak] {
    if (const std::shared_ptr<State> state = weak.lock()) state->has_grad = false;
  });
  replay->require([weak, value = state_->value.data(), grad = state_->grad.data()] {
    const std::shared_ptr<State> state = weak.lock();
    return !state ||
           (!state->has_grad && state->value.data() == value && state->grad.data() == grad);
  });
  replay->after([weak] {
    if (const std::shared_ptr<State> state = weak.lock()) state->has_grad = true;
  });
}

void Variable::stay_in_place(Replay* replay) const {
  if (state_->made_in == replay->id()) return;
  const std::weak_ptr<State> weak = state_;
  replay->require([weak, value = state_->value.data()] {
    const std::shared_ptr<State> state = weak.lock();
    return state && state->value.data() == value;
  });
}

void Variable::clear_grad() const {
  if (state_ != nullptr) state_->has_grad = false;
}

SpikeVariable::SpikeVariable(SpikeTensor value, bool wants_grad, float amplitude)
    : state_(std::make_shared<State>()) {
  state_->value = std::move(value);
  state_->wants_grad = wants_grad;
  state_->amplitude = amplitude;
}

Tensor& SpikeVariable::grad() const {
  if (!state_->has_grad) {
    state_->grad =
        Tensor({state_->value.active().room()}, state_->value.device(), MemoryTag::gradient);
    state_->has_grad = true;
  }
  return state_->grad;
}

}  // namespace spiketape
