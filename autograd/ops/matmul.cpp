#include "autograd/ops/matmul.hpp"

#include <utility>

#include <fmt/format.h>

#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "core/kernels/gemm.hpp"

namespace spiketape {
namespace {

using cpu::MatrixView;

/// Rows of a result that one task computes: fixed, so that threads do not change the sums.
constexpr std::int64_t kRows = 64;

MatrixView whole(const Tensor& x, bool transposed = false) {
  return {x.data(), x.dim(0), x.dim(1), x.dim(1), transposed};
}

MatrixView rows_of(const Tensor& x, std::int64_t begin, std::int64_t end) {
  return {x.data() + begin * x.dim(1), end - begin, x.dim(1), x.dim(1)};
}

/// Columns of x as the rows of its transpose.
MatrixView columns_of(const Tensor& x, std::int64_t begin, std::int64_t end) {
  return {x.data() + begin, x.dim(0), end - begin, x.dim(1), true};
}

/// to += left(begin, end) right, in pieces of to's rows.
template <typename Left>
void add_product(const Left& left, const MatrixView& right, Tensor& to) {
  if (to.size() == 0 || right.rows == 0 || right.columns == 0) return;
  const std::int64_t stride = to.dim(1);
  float* values = to.data();
  parallel_ranges(to.dim(0), kRows, [&](std::int64_t begin, std::int64_t end) {
    cpu::gemm(1.0f, left(begin, end), right, values + begin * stride, stride);
  });
}

}  // namespace

// Y = A B        dL/dA = dL/dY B^T        dL/dB = A^T dL/dY
Variable matmul(const Variable& a, const Variable& b) {
  ops::require_defined("matmul", a);
  ops::require_defined("matmul", b);
  if (a.value().rank() != 2 || b.value().rank() != 2 || a.shape()[1] != b.shape()[0])
    throw ShapeError(fmt::format("matmul: expected [rows, inner] x [inner, columns], got {} x {}",
                                 to_string(a.shape()),
                                 to_string(b.shape())));
  Tensor value({a.shape()[0], b.shape()[1]});
  add_product([&](std::int64_t begin, std::int64_t end) { return rows_of(a.value(), begin, end); },
              whole(b.value()),
              value);
  const bool record = recording(a, b);
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: both operands, each for the gradient of the other.
  Tape::current()->record("matmul", [a, b, y] {
    if (!y.has_grad()) return;
    const Tensor& grad_y = y.grad();
    if (a.wants_grad())
      add_product([&](std::int64_t begin, std::int64_t end) { return rows_of(grad_y, begin, end); },
                  whole(b.value(), true),
                  a.grad());
    if (b.wants_grad())
      add_product(
          [&](std::int64_t begin, std::int64_t end) { return columns_of(a.value(), begin, end); },
          whole(grad_y),
          b.grad());
  });
  return y;
}

}  // namespace spiketape
