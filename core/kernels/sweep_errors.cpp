#include "core/kernels/sweep_errors.hpp"

#include <limits>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {

void throw_membrane_not_finite(std::string_view name,
                               std::int64_t sample,
                               std::int64_t step,
                               std::int64_t neuron,
                               double membrane) {
  throw NumericError(
      fmt::format("{}: the membrane of sample {}, step {}, neuron {} is {}; expected finite "
                  "numbers, check the weights and the learning rate",
                  name,
                  sample,
                  step,
                  neuron,
                  membrane));
}

void throw_state_not_finite(std::string_view name, std::int64_t sample) {
  throw NumericError(fmt::format(
      "{}: a state of sample {} is not finite at the last step; check the weights and the "
      "learning rate",
      name,
      sample));
}

void throw_readout_not_finite(std::string_view name,
                              std::int64_t sample,
                              std::int64_t unit,
                              double value) {
  throw NumericError(
      fmt::format("{}: the readout of sample {}, class {} is {} at the last step; expected finite "
                  "numbers, check the weights and the learning rate",
                  name,
                  sample,
                  unit,
                  value));
}

void require_countable(std::string_view name, std::uint64_t entries) {
  // Loops over entries count in 32 bits and step by up to a block of threads.
  if (entries > std::numeric_limits<std::uint32_t>::max() - 1024)
    throw ShapeError(
        fmt::format("{}: {} entries exceed 2^32 in one batch; use a smaller batch", name, entries));
}

void require_steps(std::string_view name, std::int64_t steps) {
  if (steps < 1)
    throw ShapeError(fmt::format("{}: a readout needs at least one step, got {}", name, steps));
}

}  // namespace spiketape
