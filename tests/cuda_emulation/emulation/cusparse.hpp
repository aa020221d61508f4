#pragma once

#include <cstdint>

#include "cusparse.h"

struct cusparseContext {
  cudaStream_t stream = nullptr;
};

struct cusparseSpMatDescr {
  std::int64_t rows = 0, cols = 0, nnz = 0;
  std::int32_t* row_offsets = nullptr;
  std::int32_t* columns = nullptr;
  void* values = nullptr;
  cudaDataType type = CUDA_R_32F;
};

struct cusparseDnMatDescr {
  std::int64_t rows = 0, cols = 0, ld = 0;
  void* values = nullptr;
  cudaDataType type = CUDA_R_32F;
  cusparseOrder_t order = CUSPARSE_ORDER_COL;
};

namespace cuda_emulation {

/// Whether the handle is live; the same for descriptors.
bool is_cusparse_handle(const void* handle);

}  // namespace cuda_emulation
