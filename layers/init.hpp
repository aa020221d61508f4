#pragma once

#include <cstdint>
#include <string_view>

#include "autograd/variable.hpp"

/// Initial weights. Value number k depends on (seed, stream name, k) only, and so on no other
/// layer, order, thread or device. Fan-in is the number of inputs of one output unit: every axis of
/// the weights but the last.
namespace spiketape {

/// @throws ShapeError when the weights have no axis or no inputs.
std::int64_t fan_in(const Variable& weight);

/// Normal, mean 0, standard deviation gain / sqrt(fan_in). The paper's start is gain = 20 (1 - a),
/// a = exp(-dt / tau) (Perez-Nieves & Goodman 2021, appendix). @throws Error when the gain is
/// negative or not finite.
void normal_by_fan_in(Variable weight, float gain, std::uint64_t seed, std::string_view stream);

/// Uniform in [-gain, gain) / sqrt(fan_in). @throws Error when the gain is negative or not finite.
void uniform_by_fan_in(Variable weight, float gain, std::uint64_t seed, std::string_view stream);

}  // namespace spiketape
