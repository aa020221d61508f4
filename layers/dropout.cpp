#include "layers/dropout.hpp"

#include <utility>

#include <fmt/format.h>

#include "autograd/spiking.hpp"
#include "core/error.hpp"
#include "core/random.hpp"

namespace spiketape {

Dropout::Dropout(Module& parent, std::string name, DropoutOptions options)
    : Module(parent, std::move(name)), options_(options), calls_(add_counter("calls")) {
  if (!(options_.probability >= 0.0f && options_.probability < 1.0f))
    throw Error(fmt::format(
        "{}: the probability to drop must be in [0, 1), got {}", path(), options_.probability));
}

void Dropout::draw_parameters(std::uint64_t seed) {
  options_.seed = seed;
  *calls_ = 0;
}

SpikeVariable Dropout::operator()(const SpikeVariable& spikes) {
  if (!training() || options_.probability == 0.0f) return spikes;
  // Two dropouts of one network must not drop the same events.
  const std::uint64_t seed = options_.seed ^ random_stream(path().c_str());
  return dropout(spikes, options_.probability, seed, calls_, options_.whole_units);
}

std::string Dropout::summary() const {
  return fmt::format(
      "Dropout {:g}{}", options_.probability, options_.whole_units ? ", whole units" : "");
}

}  // namespace spiketape
