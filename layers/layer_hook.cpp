#include "layers/layer_hook.hpp"

#include <utility>

namespace spiketape {
namespace {

thread_local LayerHook* newest_hook = nullptr;

}  // namespace

LayerHook::LayerHook(Function before_sweep)
    : before_sweep_(std::move(before_sweep)), previous_(std::exchange(newest_hook, this)) {}

LayerHook::~LayerHook() { newest_hook = previous_; }

void LayerHook::call(const Current& current, const NeuronModel& model) {
  if (newest_hook != nullptr) newest_hook->before_sweep_(current, model);
}

}  // namespace spiketape
