#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include "core/buffer.hpp"
#include "core/device.hpp"
#include "cuda/handle.hpp"
#include "cuda/staging.hpp"

namespace spiketape::cuda {

/// What spiketape holds of one card: its streams, library handles and pinned staging memory. Made
/// at first use and never destroyed, because arrays of static lifetime may outlive it. The handles
/// of cuBLAS and cuSPARSE, which take time and memory of the card, wait for their own first use.
class Context {
 public:
  /// Makes `device` the current card of this thread and returns its context. @throws BackendError
  /// when the card cannot be used; says why and what to do.
  static Context& use(Device device);

  Device device() const { return device_; }
  /// Where this thread's work goes: the compute stream, or the upload stream inside an UploadScope.
  cudaStream_t stream() const;
  /// Handles whose work goes to the compute stream, not to be used inside an UploadScope. The first
  /// call makes the handle, and the card the current one of this thread; any thread may be the
  /// first. @throws BackendError when that fails, NotYetRecordable within a recording; the next
  /// call tries again.
  cublasHandle_t blas() const;
  cusparseHandle_t sparse() const;
  Staging& staging() { return staging_; }
  int multiprocessors() const { return multiprocessors_; }

 private:
  friend class UploadScope;
  friend void await_upload(Device device);
  explicit Context(Device device);

  Device device_;
  int multiprocessors_ = 1;
  std::size_t blas_bytes_ = 0;
  Stream compute_;
  Stream upload_;
  Event uploaded_;  ///< after the last UploadScope's copies
  mutable std::once_flag blas_once_;
  mutable std::once_flag sparse_once_;
  mutable Buffer<std::byte> blas_workspace_;
  mutable Blas blas_;
  mutable Sparse sparse_;
  Staging staging_;
};

}  // namespace spiketape::cuda
