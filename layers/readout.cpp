#include "layers/readout.hpp"

#include <fmt/format.h>

#include "layers/neurons.hpp"

namespace spiketape {

Readout::Readout(ReadoutOptions options)
    : options_(options), decay_(static_cast<float>(decay_of("Readout", options.dt, options.tau))) {}

Variable Readout::operator()(const Current& current) const {
  return readout(current, decay_, options_.score);
}

Variable Readout::trace(const Current& current) const { return readout_trace(current, decay_); }

std::string Readout::describe() const {
  return fmt::format("Readout tau {:g} ms, dt {:g} ms, {} over time",
                     1e3 * options_.tau,
                     1e3 * options_.dt,
                     to_string(options_.score));
}

}  // namespace spiketape
