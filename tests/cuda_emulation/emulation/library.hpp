#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "cuda_runtime_api.h"

/// What the emulated libraries share.
namespace cuda_emulation {

/// enqueue() of state.hpp for the libraries: runs at once with device memory open, or is captured.
cudaError_t enqueue_library(cudaStream_t stream, std::function<void()> work);

/// @throws EmulationError, opening with `what`, unless [data, data + count) is inside one live
/// allocation of the device.
void require_device_bytes(const void* data, std::size_t bytes, const char* what);

template <typename T>
void require_device(const T* data, std::size_t count, const char* what) {
  require_device_bytes(data, count * sizeof(T), what);
}

/// require_device_bytes of `out`, and that it shares no byte with `in`.
void require_apart_bytes(const void* in, const void* out, std::size_t bytes, const char* what);

template <typename T>
void require_apart(const T* in, const T* out, std::size_t count, const char* what) {
  require_apart_bytes(in, out, count * sizeof(T), what);
}

}  // namespace cuda_emulation
