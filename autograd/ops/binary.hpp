#pragma once

#include "autograd/variable.hpp"

/// Element-wise ops of two variables, broadcast as NumPy does: shapes are aligned at their last
/// axis, and an axis that is 1 or missing is repeated. The gradient of a repeated axis is summed.
/// @throws ShapeError when two axes differ and neither is 1.
namespace spiketape {

Variable add(const Variable& a, const Variable& b);
Variable sub(const Variable& a, const Variable& b);
Variable mul(const Variable& a, const Variable& b);
/// a / b, IEEE: x / 0 is infinite or NaN and raises nothing here (backward() refuses a loss that is
/// not finite).
Variable div(const Variable& a, const Variable& b);

Variable operator+(const Variable& a, const Variable& b);
Variable operator-(const Variable& a, const Variable& b);
Variable operator*(const Variable& a, const Variable& b);
Variable operator/(const Variable& a, const Variable& b);

Variable operator+(const Variable& a, float b);
Variable operator-(const Variable& a, float b);
Variable operator*(const Variable& a, float b);
Variable operator/(const Variable& a, float b);

Variable operator+(float a, const Variable& b);
Variable operator-(float a, const Variable& b);
Variable operator*(float a, const Variable& b);
Variable operator/(float a, const Variable& b);

Variable operator-(const Variable& x);

}  // namespace spiketape
