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

/// The layers in which no neuron was active although sweeps ran under a tape, in order. Such a
/// layer gets no gradient, and neither does anything before it: the network cannot learn. Reset the
/// monitors at the start of an epoch and ask at its end.
std::vector<std::string> silent_layers(std::span<const LayerActivity> layers);

/// "" when no layer is silent, else a sentence for people that names them and says what to do.
std::string silence_warning(std::span<const LayerActivity> layers);

}  // namespace spiketape
