#pragma once

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusparse.h>

#include <utility>

#include "cuda/check.hpp"

namespace spiketape::cuda {

/// Owns one handle of CUDA or its libraries; move-only. `kDestroy` frees it.
template <typename T, auto kDestroy>
class Handle {
 public:
  Handle() = default;
  /// Takes a handle that is there; null is none.
  explicit Handle(T value) : value_(value) {}
  /// Takes what create(T*, arguments...) makes. @throws BackendError when it fails.
  template <typename Create, typename... Arguments>
  static Handle make(Create create, Arguments... arguments) {
    Handle handle;
    check(create(&handle.value_, arguments...));
    return handle;
  }
  Handle(Handle&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (value_ != nullptr) kDestroy(value_);
  }

  T get() const { return value_; }
  explicit operator bool() const { return value_ != nullptr; }

 private:
  T value_ = nullptr;
};

using Stream = Handle<cudaStream_t, &cudaStreamDestroy>;
using Event = Handle<cudaEvent_t, &cudaEventDestroy>;
using Graph = Handle<cudaGraph_t, &cudaGraphDestroy>;
using GraphExec = Handle<cudaGraphExec_t, &cudaGraphExecDestroy>;
using Blas = Handle<cublasHandle_t, &cublasDestroy>;
using Sparse = Handle<cusparseHandle_t, &cusparseDestroy>;

}  // namespace spiketape::cuda
