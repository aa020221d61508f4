#pragma once

#include <cstdint>
#include <vector>

#include "apps/picture.hpp"
#include "apps/recipes/network.hpp"
#include "data/batch.hpp"

namespace spiketape::apps {

/// Whose membranes are drawn.
struct ShownMembranes {
  std::int64_t layer = 1;             ///< 1 is the first hidden one
  std::vector<std::int64_t> neurons;  ///< empty: those that fire most
};

/// The events of a batch of one sample.
RasterPanel input_panel(const SpikeTensor& input);

/// Runs a batch of one sample through the network, dropout off, and adds what happens there: a
/// raster for each hidden layer, the membranes and the readout.
/// @throws Error for a layer or neuron that is not there; as forward() does.
void add_network(const ShownMembranes& shown,
                 SpikingNet& net,
                 const Batch& batch,
                 Picture& picture);

}  // namespace spiketape::apps
