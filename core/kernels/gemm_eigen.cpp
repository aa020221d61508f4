// Compiled once for each instruction set with SPIKETAPE_GEMM_VARIANT set and Eigen's namespace
// renamed, so that the inline functions of the variants never replace each other at link time (see
// CMakeLists.txt).
#include <Eigen/Core>

#include "core/kernels/gemm.hpp"

#define SPIKETAPE_JOIN(a, b) a##b
#define SPIKETAPE_NAME(a, b) SPIKETAPE_JOIN(a, b)

namespace spiketape::cpu {
namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Strided = Eigen::OuterStride<>;

Eigen::Map<const RowMajor, 0, Strided> map(const MatrixView& view) {
  return {view.data, view.rows, view.columns, Strided(view.stride)};
}

}  // namespace

void SPIKETAPE_NAME(gemm_, SPIKETAPE_GEMM_VARIANT)(
    float alpha, const MatrixView& a, const MatrixView& b, float* c, std::int64_t stride) {
  const std::int64_t rows = a.transposed ? a.columns : a.rows;
  const std::int64_t columns = b.transposed ? b.rows : b.columns;
  Eigen::Map<RowMajor, 0, Strided> result(c, rows, columns, Strided(stride));
  if (a.transposed && b.transposed)
    result.noalias() += alpha * map(a).transpose() * map(b).transpose();
  else if (a.transposed)
    result.noalias() += alpha * map(a).transpose() * map(b);
  else if (b.transposed)
    result.noalias() += alpha * map(a) * map(b).transpose();
  else
    result.noalias() += alpha * map(a) * map(b);
}

}  // namespace spiketape::cpu
