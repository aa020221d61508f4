#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/picture.hpp"
#include "apps/setting_options.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 chose it
class App;
}

namespace spiketape::apps {

/// Registers `spiketape show`.
void add_show(CLI::App& app);

/// What was typed after `spiketape show`.
struct ShowArguments {
  std::string recipe;  ///< empty: the run's
  std::string run;     ///< run folder or checkpoint; empty: the input alone
  std::string part = "test";
  std::int64_t sample = 0;
  std::int64_t layer = 1;             ///< whose membranes are drawn; 1 is the first hidden one
  std::vector<std::int64_t> neurons;  ///< whose; empty: those that fire most
  std::string out;
  TypedSettings settings;
};

/// The sample, and with a run what its network makes of it: the spikes and active set of each
/// hidden layer, the membrane of some neurons, the readout of each class.
/// @throws Error for an unknown recipe or setting, a run of another recipe, a sample, layer or
/// neuron that is not there; DataError when data or run cannot be read.
Picture collect(const ShowArguments& arguments);

}  // namespace spiketape::apps
