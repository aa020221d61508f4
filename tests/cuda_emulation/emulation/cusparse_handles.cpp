// Handles, descriptors and error names of cuSPARSE.

#include <cstddef>
#include <iterator>

#include "emulation/cusparse.hpp"
#include "emulation/state.hpp"
#include "emulation/stream.hpp"

using cuda_emulation::Lock;

namespace {

constexpr const char* kStatusNames[] = {"CUSPARSE_STATUS_SUCCESS",
                                        "CUSPARSE_STATUS_NOT_INITIALIZED",
                                        "CUSPARSE_STATUS_ALLOC_FAILED",
                                        "CUSPARSE_STATUS_INVALID_VALUE",
                                        "CUSPARSE_STATUS_ARCH_MISMATCH",
                                        "CUSPARSE_STATUS_MAPPING_ERROR",
                                        "CUSPARSE_STATUS_EXECUTION_FAILED",
                                        "CUSPARSE_STATUS_INTERNAL_ERROR",
                                        "CUSPARSE_STATUS_MATRIX_TYPE_NOT_SUPPORTED",
                                        "CUSPARSE_STATUS_ZERO_PIVOT",
                                        "CUSPARSE_STATUS_NOT_SUPPORTED",
                                        "CUSPARSE_STATUS_INSUFFICIENT_RESOURCES"};

template <typename T>
cusparseStatus_t hand_out(T** to, T value) {
  const Lock lock;
  *to = new T(value);
  cuda_emulation::add_handle(*to);
  return CUSPARSE_STATUS_SUCCESS;
}

template <typename T>
cusparseStatus_t take_back(const T* handle) {
  const Lock lock;
  if (!cuda_emulation::is_cusparse_handle(handle)) return CUSPARSE_STATUS_INVALID_VALUE;
  cuda_emulation::remove_handle(handle);
  delete handle;
  return CUSPARSE_STATUS_SUCCESS;
}

}  // namespace

bool cuda_emulation::is_cusparse_handle(const void* handle) {
  return handle != nullptr && is_handle(handle);
}

cusparseStatus_t cusparseCreate(cusparseHandle_t* handle) {
  if (cuda_emulation::device_error() != cudaSuccess) return CUSPARSE_STATUS_NOT_INITIALIZED;
  return hand_out(handle, cusparseContext{});
}

cusparseStatus_t cusparseDestroy(cusparseHandle_t handle) { return take_back(handle); }

cusparseStatus_t cusparseSetStream(cusparseHandle_t handle, cudaStream_t stream) {
  const Lock lock;
  if (!cuda_emulation::is_cusparse_handle(handle)) return CUSPARSE_STATUS_NOT_INITIALIZED;
  handle->stream = stream;
  return CUSPARSE_STATUS_SUCCESS;
}

cusparseStatus_t cusparseSetPointerMode(cusparseHandle_t handle, cusparsePointerMode_t mode) {
  const Lock lock;
  if (!cuda_emulation::is_cusparse_handle(handle)) return CUSPARSE_STATUS_NOT_INITIALIZED;
  return mode == CUSPARSE_POINTER_MODE_HOST ? CUSPARSE_STATUS_SUCCESS
                                            : CUSPARSE_STATUS_NOT_SUPPORTED;
}

const char* cusparseGetErrorName(cusparseStatus_t status) {
  const auto number = static_cast<std::size_t>(status);
  return number < std::size(kStatusNames) ? kStatusNames[number] : "unknown status of cuSPARSE";
}

const char* cusparseGetErrorString(cusparseStatus_t status) { return cusparseGetErrorName(status); }

cusparseStatus_t cusparseCreateCsr(cusparseSpMatDescr_t* matrix,
                                   int64_t rows,
                                   int64_t cols,
                                   int64_t nnz,
                                   void* row_offsets,
                                   void* columns,
                                   void* values,
                                   cusparseIndexType_t offset_type,
                                   cusparseIndexType_t column_type,
                                   cusparseIndexBase_t base,
                                   cudaDataType value_type) {
  if (rows < 0 || cols < 0 || nnz < 0 || matrix == nullptr) return CUSPARSE_STATUS_INVALID_VALUE;
  if (offset_type != CUSPARSE_INDEX_32I || column_type != CUSPARSE_INDEX_32I ||
      base != CUSPARSE_INDEX_BASE_ZERO)
    return CUSPARSE_STATUS_NOT_SUPPORTED;
  return hand_out(matrix,
                  cusparseSpMatDescr{rows,
                                     cols,
                                     nnz,
                                     static_cast<std::int32_t*>(row_offsets),
                                     static_cast<std::int32_t*>(columns),
                                     values,
                                     value_type});
}

cusparseStatus_t cusparseDestroySpMat(cusparseConstSpMatDescr_t matrix) {
  return take_back(matrix);
}

cusparseStatus_t cusparseCreateDnMat(cusparseDnMatDescr_t* matrix,
                                     int64_t rows,
                                     int64_t cols,
                                     int64_t ld,
                                     void* values,
                                     cudaDataType value_type,
                                     cusparseOrder_t order) {
  const std::int64_t shortest = order == CUSPARSE_ORDER_ROW ? cols : rows;
  if (rows < 0 || cols < 0 || ld < shortest || matrix == nullptr)
    return CUSPARSE_STATUS_INVALID_VALUE;
  return hand_out(matrix, cusparseDnMatDescr{rows, cols, ld, values, value_type, order});
}

cusparseStatus_t cusparseCreateConstDnMat(cusparseConstDnMatDescr_t* matrix,
                                          int64_t rows,
                                          int64_t cols,
                                          int64_t ld,
                                          const void* values,
                                          cudaDataType value_type,
                                          cusparseOrder_t order) {
  if (matrix == nullptr) return CUSPARSE_STATUS_INVALID_VALUE;
  cusparseDnMatDescr_t made = nullptr;
  const cusparseStatus_t status = cusparseCreateDnMat(
      &made, rows, cols, ld, const_cast<void*>(values), value_type, order);  // read through const
  *matrix = made;
  return status;
}

cusparseStatus_t cusparseDestroyDnMat(cusparseConstDnMatDescr_t matrix) {
  return take_back(matrix);
}
