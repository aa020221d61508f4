#include "layers/sequential.hpp"

#include <array>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

constexpr std::array<const char*, 3> kSignalNames = {"spikes", "a current", "a dense variable"};

}  // namespace

void Sequential::require_fit(std::size_t takes) const {
  if (takes == gives()) return;
  throw Error(fmt::format(
      "sequential{}: layer {} takes {}, but {} {}; spikes go through a Linear into a neuron or a "
      "Readout",
      path().empty() ? "" : fmt::format(" '{}'", path()),
      size(),
      kSignalNames.at(takes),
      stages_.empty() ? "the network is given" : fmt::format("layer {} returns", size() - 1),
      kSignalNames.at(gives())));
}

Signal Sequential::run_all(const SpikeVariable& spikes, std::size_t wanted) const {
  if (stages_.empty() || gives() != wanted)
    throw Error(fmt::format(
        "sequential{}: {} wanted, but {}; add the missing layers or ask by run<...>()",
        path().empty() ? "" : fmt::format(" '{}'", path()),
        kSignalNames.at(wanted),
        stages_.empty() ? "there are no layers"
                        : fmt::format("the last layer returns {}", kSignalNames.at(gives()))));
  Signal signal = spikes;
  for (const Stage& stage : stages_) signal = stage.run(signal);
  return signal;
}

std::string Sequential::summary() const { return fmt::format("Sequential of {} layers", size()); }

}  // namespace spiketape
