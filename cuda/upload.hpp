#pragma once

#include "core/device.hpp"

namespace spiketape::cuda {

/// Which kernels wait for what an UploadScope brings.
enum class UploadWait {
  every,   ///< all that are started after the scope
  awaited  ///< those that are started after await_upload(): the ones before run beside the copy
};

/// While it lives, what this thread allocates on `device` and copies to it goes through a stream of
/// its own, so that it overlaps with the kernels that run. For batches that are brought to the card
/// ahead of time. Nothing on the card may be freed in it, or copied from there.
class UploadScope {
 public:
  explicit UploadScope(Device device, UploadWait wait = UploadWait::every);
  ~UploadScope();
  UploadScope(const UploadScope&) = delete;
  UploadScope& operator=(const UploadScope&) = delete;

 private:
  Device device_;
  UploadWait wait_;
};

/// Kernels of `device` that are started from now on wait for the last UploadScope.
void await_upload(Device device);

}  // namespace spiketape::cuda
