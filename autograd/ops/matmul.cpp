#include "autograd/ops/matmul.hpp"

#include <utility>

#include <fmt/format.h>
#include <Eigen/Core>

#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"

namespace spiketape {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using View = Eigen::Map<Matrix>;
using ConstView = Eigen::Map<const Matrix>;

constexpr std::int64_t kRows =
    64;  // of the result, per task: fixed, so that threads do not change the sums

ConstView view(const Tensor& x) { return {x.data(), x.dim(0), x.dim(1)}; }
View view(Tensor& x) { return {x.data(), x.dim(0), x.dim(1)}; }

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
  parallel_ranges(value.dim(0), kRows, [&](std::int64_t begin, std::int64_t end) {
    view(value).middleRows(begin, end - begin).noalias() +=
        view(a.value()).middleRows(begin, end - begin) * view(b.value());
  });
  const bool record = recording(a, b);
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: both operands, each for the gradient of the other.
  Tape::current()->record("matmul", [a, b, y] {
    if (!y.has_grad()) return;
    const auto grad_y = view(std::as_const(y.grad()));
    if (a.wants_grad()) {
      View grad_a = view(a.grad());
      parallel_ranges(grad_a.rows(), kRows, [&](std::int64_t begin, std::int64_t end) {
        grad_a.middleRows(begin, end - begin).noalias() +=
            grad_y.middleRows(begin, end - begin) * view(b.value()).transpose();
      });
    }
    if (b.wants_grad()) {
      View grad_b = view(b.grad());
      const auto a_value = view(a.value());
      parallel_ranges(grad_b.rows(), kRows, [&](std::int64_t begin, std::int64_t end) {
        grad_b.middleRows(begin, end - begin).noalias() +=
            a_value.middleCols(begin, end - begin).transpose() * grad_y;
      });
    }
  });
  return y;
}

}  // namespace spiketape
