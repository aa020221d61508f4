#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "autograd/monitor.hpp"

namespace spiketape {

/// What one layer has done, under the name of the current that drives it ("fc1").
struct LayerActivity {
  std::string name;
  std::shared_ptr<Monitor> monitor;
};

/// The layers in which almost no neuron was active (fewer than 1 in 10,000 neurons and steps)
/// although sweeps ran under a tape, in order. Such a layer gets no gradient to speak of, and
/// neither does anything before it: the network cannot learn. Reset the monitors at the start of an
/// epoch and ask at its end.
std::vector<std::string> silent_layers(std::span<const LayerActivity> layers);

/// The layers that fired in more than a tenth of neurons and steps, in order: most membranes are
/// far above the threshold or jump over the window, so that little gradient passes, and events cost
/// as much as dense products. Layers that learn usually show 0.3 to 2 %.
std::vector<std::string> saturated_layers(std::span<const LayerActivity> layers);

/// "" when no layer is silent or saturated, else what is wrong with which layer and what to do, for
/// people.
std::string activity_warning(std::span<const LayerActivity> layers);

}  // namespace spiketape
