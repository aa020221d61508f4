#pragma once

#include <span>

#include "autograd/named.hpp"

/// Gradient clipping, between backward() and the optimiser's step(). Parameters without a gradient
/// are left out.
namespace spiketape {

/// Scales all gradients by max_norm / norm when their common Euclidean norm is above `max_norm`;
/// returns the norm before. The same bits for any number of threads.
/// @throws Error unless max_norm is above 0; NumericError naming the parameter when a gradient is
/// not finite.
float clip_gradient_norm(std::span<const NamedVariable> parameters, float max_norm);

/// Limits every gradient value to [-limit, limit]. @throws Error unless limit is above 0;
/// NumericError naming the parameter when a gradient is NaN.
void clip_gradient_value(std::span<const NamedVariable> parameters, float limit);

}  // namespace spiketape
