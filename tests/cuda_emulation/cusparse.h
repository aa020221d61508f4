#pragma once

// A small part of cuSPARSE's generic API, by plain loops: SpMM and SDDMM of a CSR matrix with
// 32-bit zero-based indices; float or double, alpha and beta on the host. Pointers that are not the
// device's, and CSR offsets or columns out of range, are an EmulationError.

#include <cstddef>
#include <cstdint>

#include "cuda_runtime_api.h"

typedef enum {
  CUSPARSE_STATUS_SUCCESS = 0,
  CUSPARSE_STATUS_NOT_INITIALIZED = 1,
  CUSPARSE_STATUS_ALLOC_FAILED = 2,
  CUSPARSE_STATUS_INVALID_VALUE = 3,
  CUSPARSE_STATUS_ARCH_MISMATCH = 4,
  CUSPARSE_STATUS_MAPPING_ERROR = 5,
  CUSPARSE_STATUS_EXECUTION_FAILED = 6,
  CUSPARSE_STATUS_INTERNAL_ERROR = 7,
  CUSPARSE_STATUS_MATRIX_TYPE_NOT_SUPPORTED = 8,
  CUSPARSE_STATUS_ZERO_PIVOT = 9,
  CUSPARSE_STATUS_NOT_SUPPORTED = 10,
  CUSPARSE_STATUS_INSUFFICIENT_RESOURCES = 11
} cusparseStatus_t;

typedef enum {
  CUSPARSE_POINTER_MODE_HOST = 0,
  CUSPARSE_POINTER_MODE_DEVICE = 1
} cusparsePointerMode_t;
typedef enum { CUSPARSE_INDEX_BASE_ZERO = 0, CUSPARSE_INDEX_BASE_ONE = 1 } cusparseIndexBase_t;
typedef enum {
  CUSPARSE_OPERATION_NON_TRANSPOSE = 0,
  CUSPARSE_OPERATION_TRANSPOSE = 1,
  CUSPARSE_OPERATION_CONJUGATE_TRANSPOSE = 2
} cusparseOperation_t;
typedef enum { CUSPARSE_ORDER_COL = 1, CUSPARSE_ORDER_ROW = 2 } cusparseOrder_t;
typedef enum {
  CUSPARSE_INDEX_16U = 1,
  CUSPARSE_INDEX_32I = 2,
  CUSPARSE_INDEX_64I = 3
} cusparseIndexType_t;
typedef enum {
  CUSPARSE_SPMM_ALG_DEFAULT = 0,
  CUSPARSE_SPMM_CSR_ALG1 = 4,
  CUSPARSE_SPMM_CSR_ALG2 = 6,
  CUSPARSE_SPMM_CSR_ALG3 = 12
} cusparseSpMMAlg_t;
typedef enum { CUSPARSE_SDDMM_ALG_DEFAULT = 0 } cusparseSDDMMAlg_t;

typedef struct cusparseContext* cusparseHandle_t;
typedef struct cusparseSpMatDescr* cusparseSpMatDescr_t;
typedef struct cusparseDnMatDescr* cusparseDnMatDescr_t;
typedef struct cusparseSpMatDescr const* cusparseConstSpMatDescr_t;
typedef struct cusparseDnMatDescr const* cusparseConstDnMatDescr_t;

cusparseStatus_t cusparseCreate(cusparseHandle_t* handle);
cusparseStatus_t cusparseDestroy(cusparseHandle_t handle);
cusparseStatus_t cusparseSetStream(cusparseHandle_t handle, cudaStream_t stream);
/// The device mode is CUSPARSE_STATUS_NOT_SUPPORTED.
cusparseStatus_t cusparseSetPointerMode(cusparseHandle_t handle, cusparsePointerMode_t mode);
const char* cusparseGetErrorName(cusparseStatus_t status);
const char* cusparseGetErrorString(cusparseStatus_t status);

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
                                   cudaDataType value_type);
cusparseStatus_t cusparseDestroySpMat(cusparseConstSpMatDescr_t matrix);
cusparseStatus_t cusparseCreateDnMat(cusparseDnMatDescr_t* matrix,
                                     int64_t rows,
                                     int64_t cols,
                                     int64_t ld,
                                     void* values,
                                     cudaDataType value_type,
                                     cusparseOrder_t order);
cusparseStatus_t cusparseCreateConstDnMat(cusparseConstDnMatDescr_t* matrix,
                                          int64_t rows,
                                          int64_t cols,
                                          int64_t ld,
                                          const void* values,
                                          cudaDataType value_type,
                                          cusparseOrder_t order);
cusparseStatus_t cusparseDestroyDnMat(cusparseConstDnMatDescr_t matrix);

/// C = alpha op(A) op(B) + beta C with A in CSR; equal columns of a row add. C is not read where
/// beta is 0. The buffer is on the device, of the size that the first function tells. Of the
/// algorithms all are taken and make no difference; CSR_ALG3 does not transpose A.
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
                                         size_t* bufferSize);
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
                              void* externalBuffer);

/// C = alpha (op(A) op(B)) at the entries of C + beta C, with C in CSR.
cusparseStatus_t cusparseSDDMM_bufferSize(cusparseHandle_t handle,
                                          cusparseOperation_t opA,
                                          cusparseOperation_t opB,
                                          const void* alpha,
                                          cusparseConstDnMatDescr_t matA,
                                          cusparseConstDnMatDescr_t matB,
                                          const void* beta,
                                          cusparseSpMatDescr_t matC,
                                          cudaDataType computeType,
                                          cusparseSDDMMAlg_t alg,
                                          size_t* bufferSize);
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
                               void* externalBuffer);
