#pragma once

#include "autograd/variable.hpp"

namespace spiketape {

/// log(softmax(x)) over the last axis, without overflow: x - m - log(sum exp(x - m)), m the
/// maximum.
/// @throws ShapeError for a scalar.
Variable log_softmax(const Variable& x);

}  // namespace spiketape
