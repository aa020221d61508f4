#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

#include "cuda_emulation.hpp"
#include "emulation/device_memory.hpp"

/// The settings of cuda_emulation.hpp, and what every call of the runtime needs.
namespace cuda_emulation {

/// The one mutex of the emulation, recursive.
std::recursive_mutex& mutex();

class Lock {
  std::lock_guard<std::recursive_mutex> guard_{mutex()};
};

struct Settings {
  Order order = Order::forward;
  std::uint64_t seed = 0;
  int device_count = 1;
  bool driver_missing = false;
  bool kernel_image_missing = false;
  cudaError_t next_launch_error = cudaSuccess;
  std::size_t memory_limit = kDeviceRange;
};

Settings& settings();

/// Remembers an error for cudaGetLastError of this thread, and hands it on.
cudaError_t record_error(cudaError_t error);

/// cudaSuccess when there is a driver and a device.
cudaError_t device_error();

/// The number of this thread's current card, and of the one that the stream was made on.
int current_card();
int card_of_stream(cudaStream_t stream);

/// Does a piece of device work with the memory open, or records it where the stream captures.
/// The work runs under the mutex. Errors are not yet recorded for cudaGetLastError.
cudaError_t enqueue(cudaStream_t stream, std::function<cudaError_t()> work);

/// Whether the stream is capturing; a null stream never is.
bool is_capturing(cudaStream_t stream);

/// cudaErrorStreamCaptureUnsupported for a call that CUDA holds for potentially unsafe (cudaMalloc,
/// cudaMemcpy, ...), while a capture is under way whose mode forbids it; the capture is
/// invalidated.
cudaError_t unsafe_call_error();

/// The same for a call that waits for the whole device, which no mode of capture allows.
cudaError_t device_wait_error();

/// For a call that uses a stream in any way but waiting for it. A bad use invalidates the captures
/// that it concerns.
cudaError_t stream_error(cudaStream_t stream);

/// Hands on the error of a call that gave a stream work; a capture of the stream is invalidated.
cudaError_t refuse(cudaStream_t stream, cudaError_t error);

/// Adds one to launches().
void count_launch();

}  // namespace cuda_emulation
