#include "core/kernels/matmul.hpp"

#include "core/kernels/gemm.hpp"
#include "core/parallel.hpp"

namespace spiketape::cpu {
namespace {

/// Rows of a result that one task computes: fixed, so that threads do not change the sums.
constexpr std::int64_t kRows = 64;

/// Rows [begin, end) of a, which are columns of what is stored when it is transposed.
MatrixView rows_of_a(const MatmulArguments& product, std::int64_t begin, std::int64_t end) {
  if (product.a_transposed)
    return {product.a + begin, product.inner, end - begin, product.rows, true};
  return {product.a + begin * product.inner, end - begin, product.inner, product.inner};
}

MatrixView whole_b(const MatmulArguments& product) {
  if (product.b_transposed) return {product.b, product.columns, product.inner, product.inner, true};
  return {product.b, product.inner, product.columns, product.columns};
}

}  // namespace

void matmul(const MatmulArguments& arguments) {
  if (arguments.rows == 0 || arguments.inner == 0 || arguments.columns == 0) return;
  const MatrixView b = whole_b(arguments);
  parallel_ranges(arguments.rows, kRows, [&](std::int64_t begin, std::int64_t end) {
    gemm(1.0f,
         rows_of_a(arguments, begin, end),
         b,
         arguments.c + begin * arguments.columns,
         arguments.columns);
  });
}

}  // namespace spiketape::cpu
