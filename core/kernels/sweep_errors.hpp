#pragma once

#include <cstdint>
#include <string_view>

/// What the sweeps of every device raise, in the same words. `name` is the layer's.
namespace spiketape {

/// @throws NumericError
[[noreturn]] void throw_membrane_not_finite(std::string_view name,
                                            std::int64_t sample,
                                            std::int64_t step,
                                            std::int64_t neuron,
                                            double membrane);
/// @throws NumericError: a state that the membrane does not show.
[[noreturn]] void throw_state_not_finite(std::string_view name, std::int64_t sample);
/// @throws NumericError
[[noreturn]] void throw_readout_not_finite(std::string_view name,
                                           std::int64_t sample,
                                           std::int64_t unit,
                                           double value);

/// @throws ShapeError when a batch has more spikes or active entries than offsets can count.
void require_countable(std::string_view name, std::uint64_t entries);
/// @throws ShapeError when a readout has no step.
void require_steps(std::string_view name, std::int64_t steps);

}  // namespace spiketape
