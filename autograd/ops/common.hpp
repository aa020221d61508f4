#pragma once

#include <string_view>

#include "autograd/variable.hpp"

/// What the dense ops share. Not for users.
namespace spiketape::ops {

/// @throws Error naming the op when `x` is an undefined Variable.
void require_defined(std::string_view op, const Variable& x);

/// @throws Error when one is undefined, BackendError when they are not on one device.
void require_operands(std::string_view op, const Variable& a, const Variable& b);

}  // namespace spiketape::ops
