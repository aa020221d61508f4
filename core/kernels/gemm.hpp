#pragma once

#include <cstdint>

namespace spiketape::cpu {

/// A row-major matrix in memory; `transposed` reads it as its transpose.
struct MatrixView {
  const float* data;
  std::int64_t rows;  ///< as stored
  std::int64_t columns;
  std::int64_t stride;
  bool transposed = false;
};

/// c += alpha * a b on the calling thread; c is row-major with rows `stride` floats apart. Eigen's
/// product, compiled for each instruction set; the best one is chosen at run time.
void gemm(float alpha, const MatrixView& a, const MatrixView& b, float* c, std::int64_t stride);

}  // namespace spiketape::cpu
