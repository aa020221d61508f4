#pragma once

#include "core/device.hpp"

namespace spiketape::cuda {

/// While it lives, what this thread allocates on `device` and copies to it goes through a stream of
/// its own, so that it overlaps with the kernels that run; at the end of the scope the kernels that
/// come later wait for it. For batches that are brought to the card ahead of time.
class UploadScope {
 public:
  explicit UploadScope(Device device);
  /// Later kernels wait for the copies of this scope.
  ~UploadScope();
  UploadScope(const UploadScope&) = delete;
  UploadScope& operator=(const UploadScope&) = delete;

 private:
  Device device_;
};

}  // namespace spiketape::cuda
