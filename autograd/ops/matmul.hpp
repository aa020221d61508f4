#pragma once

#include "autograd/variable.hpp"

namespace spiketape {

/// The matrix product [rows, inner] x [inner, columns] -> [rows, columns].
/// @throws ShapeError unless both have two axes and the inner ones agree.
Variable matmul(const Variable& a, const Variable& b);

}  // namespace spiketape
