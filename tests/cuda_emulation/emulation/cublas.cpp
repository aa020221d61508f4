#include "cublas_v2.h"

#include <algorithm>

#include <Eigen/Core>

#include "cuda_emulation.hpp"
#include "emulation/library.hpp"
#include "emulation/state.hpp"
#include "emulation/stream.hpp"

struct cublasContext {
  cudaStream_t stream = nullptr;
};

namespace {

using Matrix = Eigen::Map<Eigen::MatrixXf, 0, Eigen::OuterStride<>>;
using ConstMatrix = Eigen::Map<const Eigen::MatrixXf, 0, Eigen::OuterStride<>>;

bool is_live(cublasHandle_t handle) {
  return handle != nullptr && cuda_emulation::is_handle(handle);
}

/// A matrix as it lies in memory; its rows are op(it)'s columns where op transposes.
struct Shape {
  Shape(cublasOperation_t op, int op_rows, int op_cols)
      : rows(op == CUBLAS_OP_N ? op_rows : op_cols), cols(op == CUBLAS_OP_N ? op_cols : op_rows) {}
  int rows, cols;

  bool accepts(int ld) const { return rows >= 0 && cols >= 0 && ld >= std::max(1, rows); }
  std::size_t extent(int ld) const {
    if (rows == 0 || cols == 0) return 0;
    return static_cast<std::size_t>(ld) * static_cast<std::size_t>(cols - 1) +
           static_cast<std::size_t>(rows);
  }
};

/// op(A) as a value: exactness matters here, speed does not.
Eigen::MatrixXf applied(cublasOperation_t op, const float* data, const Shape& shape, int ld) {
  const ConstMatrix matrix(data, shape.rows, shape.cols, Eigen::OuterStride<>(ld));
  if (op == CUBLAS_OP_N) return matrix;
  return matrix.transpose();
}

void scale(Matrix c, float beta) {
  if (beta == 0.0f) {
    c.setZero();  // whatever was there, NaN included
  } else {
    c *= beta;
  }
}

cublasStatus_t run(cublasHandle_t handle, std::function<void()> work) {
  const cudaError_t error = cuda_emulation::enqueue_library(handle->stream, std::move(work));
  return error == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

bool is_host_scalar(const float* value) {
  return value != nullptr && !cuda_emulation::is_device_address(value);
}

}  // namespace

cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  const cuda_emulation::Lock lock;
  if (cuda_emulation::device_error() != cudaSuccess) return CUBLAS_STATUS_NOT_INITIALIZED;
  *handle = new cublasContext;
  cuda_emulation::add_handle(*handle);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  const cuda_emulation::Lock lock;
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  cuda_emulation::remove_handle(handle);
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  const cuda_emulation::Lock lock;
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  handle->stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t) {
  const cuda_emulation::Lock lock;
  return is_live(handle) ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}

cublasStatus_t cublasSetPointerMode(cublasHandle_t handle, cublasPointerMode_t mode) {
  const cuda_emulation::Lock lock;
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  return mode == CUBLAS_POINTER_MODE_HOST ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void* workspace, size_t bytes) {
  const cuda_emulation::Lock lock;
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  return cuda_emulation::is_live_range(workspace, bytes) ? CUBLAS_STATUS_SUCCESS
                                                         : CUBLAS_STATUS_INVALID_VALUE;
}

const char* cublasGetStatusString(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED:
      return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED:
      return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_ARCH_MISMATCH:
      return "CUBLAS_STATUS_ARCH_MISMATCH";
    case CUBLAS_STATUS_MAPPING_ERROR:
      return "CUBLAS_STATUS_MAPPING_ERROR";
    case CUBLAS_STATUS_EXECUTION_FAILED:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_INTERNAL_ERROR:
      return "CUBLAS_STATUS_INTERNAL_ERROR";
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return "CUBLAS_STATUS_NOT_SUPPORTED";
    case CUBLAS_STATUS_LICENSE_ERROR:
      return "CUBLAS_STATUS_LICENSE_ERROR";
  }
  return "unknown status of cuBLAS";
}

cublasStatus_t cublasSgemm(cublasHandle_t handle,
                           cublasOperation_t transa,
                           cublasOperation_t transb,
                           int m,
                           int n,
                           int k,
                           const float* alpha,
                           const float* A,
                           int lda,
                           const float* B,
                           int ldb,
                           const float* beta,
                           float* C,
                           int ldc) {
  const cuda_emulation::Lock lock;
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  const Shape a(transa, m, k), b(transb, k, n), c(CUBLAS_OP_N, m, n);
  if (!a.accepts(lda) || !b.accepts(ldb) || !c.accepts(ldc) || !is_host_scalar(alpha) ||
      !is_host_scalar(beta))
    return CUBLAS_STATUS_INVALID_VALUE;
  return run(handle, [=, alpha = *alpha, beta = *beta] {
    cuda_emulation::require_device(C, c.extent(ldc), "cublasSgemm: C");
    Matrix out(C, m, n, Eigen::OuterStride<>(ldc));
    scale(out, beta);
    if (alpha == 0.0f || m == 0 || n == 0 || k == 0) return;
    cuda_emulation::require_device(A, a.extent(lda), "cublasSgemm: A");
    cuda_emulation::require_device(B, b.extent(ldb), "cublasSgemm: B");
    out += alpha * (applied(transa, A, a, lda) * applied(transb, B, b, ldb));
  });
}

cublasStatus_t cublasSgemv(cublasHandle_t handle,
                           cublasOperation_t trans,
                           int m,
                           int n,
                           const float* alpha,
                           const float* A,
                           int lda,
                           const float* x,
                           int incx,
                           const float* beta,
                           float* y,
                           int incy) {
  const cuda_emulation::Lock lock;
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  const Shape a(CUBLAS_OP_N, m, n);
  if (!a.accepts(lda) || incx < 1 || incy < 1 || !is_host_scalar(alpha) || !is_host_scalar(beta))
    return CUBLAS_STATUS_INVALID_VALUE;
  // A vector with an increment is a matrix of one row.
  const Shape from(CUBLAS_OP_N, 1, trans == CUBLAS_OP_N ? n : m);
  const Shape to(CUBLAS_OP_N, 1, trans == CUBLAS_OP_N ? m : n);
  return run(handle, [=, alpha = *alpha, beta = *beta] {
    cuda_emulation::require_device(y, to.extent(incy), "cublasSgemv: y");
    Matrix out(y, 1, to.cols, Eigen::OuterStride<>(incy));
    scale(out, beta);
    if (alpha == 0.0f || m == 0 || n == 0) return;
    cuda_emulation::require_device(A, a.extent(lda), "cublasSgemv: A");
    cuda_emulation::require_device(x, from.extent(incx), "cublasSgemv: x");
    const ConstMatrix in(x, 1, from.cols, Eigen::OuterStride<>(incx));
    out += alpha * (in * applied(trans, A, a, lda).transpose());
  });
}
