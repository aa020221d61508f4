#include "emulation/cusparse.hpp"

#include <cstddef>

#include <fmt/format.h>

#include "cuda_emulation.hpp"
#include "emulation/library.hpp"
#include "emulation/state.hpp"

namespace {

constexpr std::size_t kBufferSize = 256;

bool is_transposed(cusparseOperation_t op) { return op != CUSPARSE_OPERATION_NON_TRANSPOSE; }

/// op(a dense matrix), element by element.
template <typename T>
class Dense {
 public:
  Dense(const cusparseDnMatDescr& matrix, cusparseOperation_t op)
      : data_(static_cast<T*>(matrix.values)),
        row_stride_(matrix.order == CUSPARSE_ORDER_ROW ? matrix.ld : 1),
        col_stride_(matrix.order == CUSPARSE_ORDER_ROW ? 1 : matrix.ld) {
    if (is_transposed(op)) std::swap(row_stride_, col_stride_);
  }
  T& operator()(std::int64_t row, std::int64_t col) const {
    return data_[row * row_stride_ + col * col_stride_];
  }

 private:
  T* data_;
  std::int64_t row_stride_, col_stride_;
};

template <typename T>
void require_dense(const cusparseDnMatDescr& m, const char* what) {
  if (m.rows == 0 || m.cols == 0) return;
  const bool by_rows = m.order == CUSPARSE_ORDER_ROW;
  const std::int64_t extent =
      m.ld * ((by_rows ? m.rows : m.cols) - 1) + (by_rows ? m.cols : m.rows);
  cuda_emulation::require_device(
      static_cast<const T*>(m.values), static_cast<std::size_t>(extent), what);
}

template <typename T>
void require_csr(const cusparseSpMatDescr& m, const char* call) {
  const auto entries = static_cast<std::size_t>(m.nnz);
  const auto name = [call](const char* part) { return fmt::format("{}: {}", call, part); };
  cuda_emulation::require_device(
      m.row_offsets, static_cast<std::size_t>(m.rows) + 1, name("the row offsets").c_str());
  cuda_emulation::require_device(m.columns, entries, name("the columns").c_str());
  cuda_emulation::require_device(
      static_cast<const T*>(m.values), entries, name("the sparse values").c_str());
  bool rises = m.row_offsets[0] == 0 && m.row_offsets[m.rows] == m.nnz;
  for (std::int64_t row = 0; row < m.rows; ++row)
    rises = rises && m.row_offsets[row] <= m.row_offsets[row + 1];
  if (!rises)
    throw cuda_emulation::EmulationError(
        fmt::format("{}: the row offsets do not rise from 0 to {}", call, m.nnz));
  for (std::int64_t i = 0; i < m.nnz; ++i)
    if (m.columns[i] < 0 || m.columns[i] >= m.cols)
      throw cuda_emulation::EmulationError(
          fmt::format("{}: entry {} has column {} of {}", call, i, m.columns[i], m.cols));
}

template <typename T>
void spmm(cusparseOperation_t op_a,
          cusparseOperation_t op_b,
          T alpha,
          const cusparseSpMatDescr& a,
          const cusparseDnMatDescr& b,
          T beta,
          const cusparseDnMatDescr& c) {
  require_csr<T>(a, "cusparseSpMM");
  require_dense<T>(b, "cusparseSpMM: B");
  require_dense<T>(c, "cusparseSpMM: C");
  const Dense<T> in(b, op_b), out(c, CUSPARSE_OPERATION_NON_TRANSPOSE);
  const auto* const values = static_cast<const T*>(a.values);
  for (std::int64_t i = 0; i < c.rows; ++i)
    for (std::int64_t j = 0; j < c.cols; ++j) out(i, j) = beta == T{0} ? T{0} : beta * out(i, j);
  for (std::int64_t row = 0; row < a.rows; ++row)
    for (std::int32_t e = a.row_offsets[row]; e < a.row_offsets[row + 1]; ++e) {
      const std::int64_t to = is_transposed(op_a) ? a.columns[e] : row;
      const std::int64_t from = is_transposed(op_a) ? row : a.columns[e];
      for (std::int64_t j = 0; j < c.cols; ++j) out(to, j) += alpha * values[e] * in(from, j);
    }
}

template <typename T>
void sddmm(cusparseOperation_t op_a,
           cusparseOperation_t op_b,
           T alpha,
           const cusparseDnMatDescr& a,
           const cusparseDnMatDescr& b,
           T beta,
           const cusparseSpMatDescr& c) {
  require_csr<T>(c, "cusparseSDDMM");
  require_dense<T>(a, "cusparseSDDMM: A");
  require_dense<T>(b, "cusparseSDDMM: B");
  const Dense<T> left(a, op_a), right(b, op_b);
  const std::int64_t depth = is_transposed(op_a) ? a.rows : a.cols;
  auto* const values = static_cast<T*>(c.values);
  for (std::int64_t row = 0; row < c.rows; ++row)
    for (std::int32_t e = c.row_offsets[row]; e < c.row_offsets[row + 1]; ++e) {
      T sum{};
      for (std::int64_t k = 0; k < depth; ++k) sum += left(row, k) * right(k, c.columns[e]);
      values[e] = alpha * sum + (beta == T{0} ? T{0} : beta * values[e]);
    }
}

struct Extent {
  std::int64_t rows, cols;
};

template <typename Matrix>
Extent extent(const Matrix& m, cusparseOperation_t op) {
  return is_transposed(op) ? Extent{m.cols, m.rows} : Extent{m.rows, m.cols};
}

/// op(A) op(B) and C fit, all of one type.
template <typename A, typename C>
cusparseStatus_t product_status(const A& a,
                                cusparseOperation_t op_a,
                                const cusparseDnMatDescr& b,
                                cusparseOperation_t op_b,
                                const C& c,
                                cudaDataType type) {
  const Extent x = extent(a, op_a), y = extent(b, op_b);
  if (x.cols != y.rows || x.rows != c.rows || y.cols != c.cols)
    return CUSPARSE_STATUS_INVALID_VALUE;
  const bool of_type = a.type == type && b.type == type && c.type == type;
  const bool known = type == CUDA_R_32F || type == CUDA_R_64F;
  return of_type && known ? CUSPARSE_STATUS_SUCCESS : CUSPARSE_STATUS_NOT_SUPPORTED;
}

bool are_host_scalars(const void* alpha, const void* beta) {
  return alpha != nullptr && beta != nullptr && !cuda_emulation::is_device_address(alpha) &&
         !cuda_emulation::is_device_address(beta);
}

template <typename... Descriptors>
bool are_live(const Descriptors*... descriptors) {
  return (cuda_emulation::is_cusparse_handle(descriptors) && ...);
}

cusparseStatus_t run(cusparseHandle_t handle, const void* buffer, std::function<void()> work) {
  const auto checked = [buffer, work = std::move(work)] {
    cuda_emulation::require_device_bytes(buffer, kBufferSize, "cusparse: the buffer");
    work();
  };
  return cuda_emulation::enqueue_library(handle->stream, checked) == cudaSuccess
             ? CUSPARSE_STATUS_SUCCESS
             : CUSPARSE_STATUS_EXECUTION_FAILED;
}

template <typename T>
T scalar(const void* value) {
  return *static_cast<const T*>(value);
}

}  // namespace

cusparseStatus_t cusparseSpMM_bufferSize(cusparseHandle_t handle,
                                         cusparseOperation_t opA,
                                         cusparseOperation_t opB,
                                         const void* alpha,
                                         cusparseConstSpMatDescr_t matA,
                                         cusparseConstDnMatDescr_t matB,
                                         const void* beta,
                                         cusparseDnMatDescr_t matC,
                                         cudaDataType computeType,
                                         cusparseSpMMAlg_t alg,
                                         size_t* bufferSize) {
  const cuda_emulation::Lock lock;
  if (!are_live(handle)) return CUSPARSE_STATUS_NOT_INITIALIZED;
  if (!are_live(matA, matB, matC) || !are_host_scalars(alpha, beta))
    return CUSPARSE_STATUS_INVALID_VALUE;
  if (alg == CUSPARSE_SPMM_CSR_ALG3 && is_transposed(opA)) return CUSPARSE_STATUS_NOT_SUPPORTED;
  if (bufferSize != nullptr) *bufferSize = kBufferSize;
  return product_status(*matA, opA, *matB, opB, *matC, computeType);
}

cusparseStatus_t cusparseSpMM(cusparseHandle_t handle,
                              cusparseOperation_t opA,
                              cusparseOperation_t opB,
                              const void* alpha,
                              cusparseConstSpMatDescr_t matA,
                              cusparseConstDnMatDescr_t matB,
                              const void* beta,
                              cusparseDnMatDescr_t matC,
                              cudaDataType computeType,
                              cusparseSpMMAlg_t alg,
                              void* externalBuffer) {
  const cuda_emulation::Lock lock;
  const cusparseStatus_t status = cusparseSpMM_bufferSize(
      handle, opA, opB, alpha, matA, matB, beta, matC, computeType, alg, nullptr);
  if (status != CUSPARSE_STATUS_SUCCESS) return status;
  const auto work = [=, a = *matA, b = *matB, c = *matC]<typename T>(T alpha_value, T beta_value) {
    return run(
        handle, externalBuffer, [=] { spmm<T>(opA, opB, alpha_value, a, b, beta_value, c); });
  };
  return computeType == CUDA_R_32F ? work(scalar<float>(alpha), scalar<float>(beta))
                                   : work(scalar<double>(alpha), scalar<double>(beta));
}

cusparseStatus_t cusparseSDDMM_bufferSize(cusparseHandle_t handle,
                                          cusparseOperation_t opA,
                                          cusparseOperation_t opB,
                                          const void* alpha,
                                          cusparseConstDnMatDescr_t matA,
                                          cusparseConstDnMatDescr_t matB,
                                          const void* beta,
                                          cusparseSpMatDescr_t matC,
                                          cudaDataType computeType,
                                          cusparseSDDMMAlg_t,
                                          size_t* bufferSize) {
  const cuda_emulation::Lock lock;
  if (!are_live(handle)) return CUSPARSE_STATUS_NOT_INITIALIZED;
  if (!are_live(matA, matB, matC) || !are_host_scalars(alpha, beta))
    return CUSPARSE_STATUS_INVALID_VALUE;
  if (bufferSize != nullptr) *bufferSize = kBufferSize;
  return product_status(*matA, opA, *matB, opB, *matC, computeType);
}

cusparseStatus_t cusparseSDDMM(cusparseHandle_t handle,
                               cusparseOperation_t opA,
                               cusparseOperation_t opB,
                               const void* alpha,
                               cusparseConstDnMatDescr_t matA,
                               cusparseConstDnMatDescr_t matB,
                               const void* beta,
                               cusparseSpMatDescr_t matC,
                               cudaDataType computeType,
                               cusparseSDDMMAlg_t alg,
                               void* externalBuffer) {
  const cuda_emulation::Lock lock;
  const cusparseStatus_t status = cusparseSDDMM_bufferSize(
      handle, opA, opB, alpha, matA, matB, beta, matC, computeType, alg, nullptr);
  if (status != CUSPARSE_STATUS_SUCCESS) return status;
  const auto work = [=, a = *matA, b = *matB, c = *matC]<typename T>(T alpha_value, T beta_value) {
    return run(
        handle, externalBuffer, [=] { sddmm<T>(opA, opB, alpha_value, a, b, beta_value, c); });
  };
  return computeType == CUDA_R_32F ? work(scalar<float>(alpha), scalar<float>(beta))
                                   : work(scalar<double>(alpha), scalar<double>(beta));
}
