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

/// Runs `forward` once, with no tape. Each neuron layer (layers/neurons.hpp) that it reaches is
/// calibrated before its spikes are passed on, so layers are tuned in turn, each on the activity
/// that it will really see. Weights, biases and recurrent weights of the layer are scaled by one
/// factor, in place; weights that an earlier layer shares stay.
///
/// `target_percent` is spikes per neuron and step in percent. Spikes, not active neurons, are aimed
/// at because they grow with the weights, while the active share rises and then falls again, as
/// membranes jump over the window; a layer that fires has active neurons. Trained networks show 0.3
/// to 2. `tolerance` is the accepted relative distance; where whole spikes of a small batch are too
/// coarse for it, the nearest value within a factor of 2 is taken.
/// @throws Error for a target outside (0, 100), when no layer was reached, or naming the layer and
/// the reason when its target cannot be met: no spikes come in, all weights are zero, or its
/// activity jumps over the target (recurrence that is too strong). That layer's weights are then as
/// they were.
std::vector<LayerCalibration> calibrate(const std::function<void()>& forward,
                                        double target_percent = 1.0,
                                        double tolerance = 0.1);

/// calibrate() of any network with a forward(spikes), on one batch.
template <typename Net>
requires requires(Net& net, const SpikeVariable& spikes) { net.forward(spikes); }
std::vector<LayerCalibration> calibrate(Net& net,
                                        const SpikeVariable& spikes,
                                        double target_percent = 1.0,
                                        double tolerance = 0.1) {
  return calibrate([&] { net.forward(spikes); }, target_percent, tolerance);
}

/// The same for anything that holds its spikes as `spikes`, e.g. a Batch.
template <typename Net, typename Batch>
requires requires(const Batch& batch) { SpikeVariable(batch.spikes); }
std::vector<LayerCalibration> calibrate(Net& net,
                                        const Batch& batch,
                                        double target_percent = 1.0,
                                        double tolerance = 0.1) {
  return calibrate(net, SpikeVariable(batch.spikes), target_percent, tolerance);
}

/// Scales `weights`, those of a readout (and its bias), so that the scores of a sample lie `spread`
/// apart: the root mean square distance of scores from their sample's mean. Scores are linear in
/// these weights, so one `forward`, which gives scores [batch, class], is enough. With a spread of
/// 1 cross entropy begins near log(classes) whatever the weights were drawn from; from far apart
/// scores it begins by forgetting. Call it after calibrate(). Returns the factor.
/// @throws Error for a spread that is not above 0 and finite, no weights, or scores that are all
/// alike.
double calibrate_scores(const std::function<Variable()>& forward,
                        std::span<const Variable> weights,
                        double spread = 1.0);

/// A table for people, one line a layer.
std::string describe(std::span<const LayerCalibration> layers);

}  // namespace spiketape
