#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "autograd/variable.hpp"

/// With a hard window a network that starts silent never learns: no neuron is near its threshold,
/// so no gradient flows. Calibration scales the weights before training until every layer fires as
/// much as asked.
namespace spiketape {

/// What calibrate() did to one layer.
struct LayerCalibration {
  std::string name;  ///< of the layer's input current
  double scale =
      1.0;  ///< every weight, bias and recurrent weight of the layer was multiplied by this
  double percent_before =
      0.0;  ///< spikes per neuron and step in percent, with the layers before it calibrated
  double percent_after = 0.0;
  double active_percent = 0.0;  ///< of neurons and steps inside the window, after
  int sweeps = 0;               ///< trial runs of the layer
};

struct CalibrationOptions {
  /// Spikes per neuron and step in percent. Spikes, not active neurons, are aimed at because they
  /// grow with the weights, while the active share rises and then falls again, as the membrane
  /// jumps over the window. Firing layers have active neurons. Typical of trained networks: 0.3
  /// to 2.
  double target_percent = 1.0;
  /// Accepted relative distance from the target.
  double tolerance = 0.1;
};

/// Runs `forward` once, with no tape. Each neuron layer (layers/neurons.hpp) that it reaches is
/// calibrated before its spikes are passed on, so layers are tuned in turn, each on the activity
/// that it will really see. A layer that is used again with the same weights is left as it is. The
/// weights are changed in place.
/// @throws Error when no layer was reached, or naming the layer and the reason when a target cannot
/// be met: no spikes come in, all weights are zero, or the activity jumps over the target (strong
/// recurrence). The weights that were tried are then put back.
std::vector<LayerCalibration> calibrate(const std::function<void()>& forward,
                                        CalibrationOptions options = {});

/// calibrate() of any network with a forward(spikes), on one batch.
template <typename Net>
std::vector<LayerCalibration> calibrate(Net& net,
                                        const SpikeVariable& spikes,
                                        CalibrationOptions options = {}) {
  return calibrate([&] { net.forward(spikes); }, options);
}

/// A table for people, one line a layer.
std::string describe(std::span<const LayerCalibration> layers);

}  // namespace spiketape
