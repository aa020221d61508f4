#include "apps/device_batches.hpp"

#include <utility>

#include "core/error.hpp"
#include "cuda/upload.hpp"

namespace spiketape::apps {

DeviceBatches::DeviceBatches(Loader& loader, Device device)
    : device_(device), at_(loader.begin()) {}

// A batch that nobody took is freed in the order of the kernels, after its copy.
DeviceBatches::~DeviceBatches() {
  if constexpr (kCudaBuilt) {
    try {
      if (ahead_) cuda::await_upload(device_);
    } catch (const Error&) {
      // The error is the card's, so the next call finds it, too, and may throw.
    }
  }
}

const Batch* DeviceBatches::next() {
  const bool first = !std::exchange(started_, true);
  if (device_ == kCpu) {
    if (!first) ++at_;
    return at_ == std::default_sentinel ? nullptr : &*at_;
  }
  if (first) ahead_ = upload();
  // Freed here, in the order of the kernels that read it, and not within the upload.
  current_ = std::exchange(ahead_, std::nullopt);
  if (!current_) return nullptr;
  if constexpr (kCudaBuilt) cuda::await_upload(device_);
  ahead_ = upload();
  return &*current_;
}

std::optional<Batch> DeviceBatches::upload() {
  if (at_ == std::default_sentinel) return std::nullopt;
  Batch batch = *at_;
  if constexpr (kCudaBuilt) {
    const cuda::UploadScope beside_the_kernels(device_, cuda::UploadWait::awaited);
    batch.spikes = batch.spikes.to(device_);
  }
  ++at_;
  return batch;
}

}  // namespace spiketape::apps
