#include "autograd/ops/common.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape::ops {

void require_defined(std::string_view op, const Variable& x) {
  if (!x.defined())
    throw Error(fmt::format(
        "{}: expected a variable with a value, got an undefined one; give it a Tensor first", op));
}

void require_operands(std::string_view op, const Variable& a, const Variable& b) {
  require_defined(op, a);
  require_defined(op, b);
  require_same_device(op, a.value().device(), b.value().device());
}

}  // namespace spiketape::ops
