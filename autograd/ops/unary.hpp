#pragma once

#include "autograd/variable.hpp"

/// Element-wise functions of one variable; the result has the shape of `x`. NaN in, NaN out.
namespace spiketape {

Variable exp(const Variable& x);
/// The natural logarithm; -infinity at 0 and NaN below.
Variable log(const Variable& x);
Variable tanh(const Variable& x);
/// 1 / (1 + exp(-x)), without overflow for any x.
Variable sigmoid(const Variable& x);
/// max(x, 0); the derivative at 0 is 0.
Variable relu(const Variable& x);
/// |x|; the derivative at 0 is 0.
Variable abs(const Variable& x);
/// x to a constant power, as std::pow.
Variable power(const Variable& x, float exponent);

}  // namespace spiketape
