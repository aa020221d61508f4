#pragma once

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusparse.h>

#include "cuda/place.hpp"

namespace spiketape::cuda {

/// After each call of the runtime and of the libraries: @throws BackendError with the call's place,
/// CUDA's reason and, where one is known, the remedy.
void check(cudaError_t status, Place place = Place::current());
void check(cublasStatus_t status, Place place = Place::current());
void check(cusparseStatus_t status, Place place = Place::current());

/// What a user can do about `status`; empty when nothing better than CUDA's own words is known.
const char* remedy(cudaError_t status);

}  // namespace spiketape::cuda
