#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

#include "autograd/variable.hpp"

/// Ops that move values and compute nothing.
namespace spiketape {

/// The same values under another shape of equal size; one axis may be -1. Shares memory with `x`.
/// @throws ShapeError when the sizes differ.
Variable reshape(const Variable& x, const Shape& shape);

/// The part [begin, end) of one axis, copied. A negative axis counts from the last.
/// @throws ShapeError unless 0 <= begin <= end <= size of the axis.
Variable slice(const Variable& x, std::int64_t axis, std::int64_t begin, std::int64_t end);

/// The parts one after another along an axis. @throws ShapeError for no parts, or parts that differ
/// in another axis.
Variable concat(std::span<const Variable> parts, std::int64_t axis);
Variable concat(std::initializer_list<Variable> parts, std::int64_t axis);

}  // namespace spiketape
