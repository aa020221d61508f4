#include "core/kernels/matmul.hpp"

#include <limits>

#include <fmt/format.h>

#include "core/error.hpp"
#include "cuda/context.hpp"

namespace spiketape::cuda {
namespace {

int size_for_blas(std::int64_t size) {
  if (size > std::numeric_limits<int>::max())
    throw ShapeError(fmt::format(
        "matmul: expected axes of at most {} on a card, got {}; split the product, or use the CPU",
        std::numeric_limits<int>::max(),
        size));
  return static_cast<int>(size);
}

cublasOperation_t operation(bool transposed) { return transposed ? CUBLAS_OP_T : CUBLAS_OP_N; }

}  // namespace

// cuBLAS reads a matrix by columns, which makes of each of ours its transpose: C^T = B^T A^T.
void matmul(const MatmulArguments& arguments) {
  if (arguments.rows == 0 || arguments.inner == 0 || arguments.columns == 0) return;
  const int rows = size_for_blas(arguments.rows);
  const int inner = size_for_blas(arguments.inner);
  const int columns = size_for_blas(arguments.columns);
  const float one = 1.0f;
  check(cublasSgemm(Context::use(arguments.device).blas(),
                    operation(arguments.b_transposed),
                    operation(arguments.a_transposed),
                    columns,
                    rows,
                    inner,
                    &one,
                    arguments.b,
                    arguments.b_transposed ? inner : columns,
                    arguments.a,
                    arguments.a_transposed ? rows : inner,
                    &one,
                    arguments.c,
                    columns));
}

}  // namespace spiketape::cuda
