#pragma once

#include <functional>

#include "autograd/current.hpp"
#include "core/neuron.hpp"

namespace spiketape {

/// While it lives, every neuron layer of this thread calls `before_sweep` with its input current
/// and its model before it runs. The current's terms hold the layer's weights, so this is how
/// calibrate() finds what drives a layer in a network that it knows nothing about. Hooks do not
/// nest: the newest one is called.
class LayerHook {
 public:
  using Function = std::function<void(const Current& current, const NeuronModel& model)>;

  explicit LayerHook(Function before_sweep);
  ~LayerHook();
  LayerHook(const LayerHook&) = delete;
  LayerHook& operator=(const LayerHook&) = delete;

  /// Calls the newest hook of this thread, if there is one; for layers.
  static void call(const Current& current, const NeuronModel& model);

 private:
  Function before_sweep_;
  LayerHook* previous_;
};

}  // namespace spiketape
