#include "autograd/variable.hpp"

namespace spiketape {

Variable::Variable(Tensor value, bool wants_grad) : state_(std::make_shared<State>()) {
  state_->value = std::move(value);
  state_->wants_grad = wants_grad;
}

Tensor& Variable::grad() const {
  if (!state_->has_grad) {
    if (state_->grad.shape() == state_->value.shape() &&
        state_->grad.device() == state_->value.device())
      state_->grad.fill(0.0f);
    else
      state_->grad = Tensor(state_->value.shape(), state_->value.device(), MemoryTag::gradient);
    state_->has_grad = true;
  }
  return state_->grad;
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
        Tensor({state_->value.active_count()}, state_->value.device(), MemoryTag::gradient);
    state_->has_grad = true;
  }
  return state_->grad;
}

}  // namespace spiketape
