#include "autograd/ops/matmul.hpp"

#include <utility>

#include <fmt/format.h>

#include "autograd/dispatch.hpp"
#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "core/kernels/matmul.hpp"

namespace spiketape {
namespace {

void add_product(const MatmulArguments& product) {
  dispatch<cpu::matmul, cuda::matmul>(product.device, product);
}

}  // namespace

// Y = A B        dL/dA = dL/dY B^T        dL/dB = A^T dL/dY
Variable matmul(const Variable& a, const Variable& b) {
  ops::require_operands("matmul", a, b);
  if (a.value().rank() != 2 || b.value().rank() != 2 || a.shape()[1] != b.shape()[0])
    throw ShapeError(fmt::format("matmul: expected [rows, inner] x [inner, columns], got {} x {}",
                                 to_string(a.shape()),
                                 to_string(b.shape())));
  const Device device = a.value().device();
  const std::int64_t rows = a.shape()[0];
  const std::int64_t inner = a.shape()[1];
  const std::int64_t columns = b.shape()[1];
  Tensor value({rows, columns}, device);
  add_product({.device = device,
               .rows = rows,
               .inner = inner,
               .columns = columns,
               .a = a.value().data(),
               .b = b.value().data(),
               .c = value.data()});
  const bool record = recording(a, b);
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: both operands, each for the gradient of the other.
  Tape::current()->record("matmul", [a, b, y, device, rows, inner, columns] {
    if (!y.has_grad()) return;
    if (a.wants_grad())
      add_product({.device = device,
                   .rows = rows,
                   .inner = columns,
                   .columns = inner,
                   .a = y.grad().data(),
                   .b = b.value().data(),
                   .b_transposed = true,
                   .c = a.grad().data()});
    if (b.wants_grad())
      add_product({.device = device,
                   .rows = inner,
                   .inner = rows,
                   .columns = columns,
                   .a = a.value().data(),
                   .a_transposed = true,
                   .b = y.grad().data(),
                   .c = b.grad().data()});
  });
  return y;
}

}  // namespace spiketape
