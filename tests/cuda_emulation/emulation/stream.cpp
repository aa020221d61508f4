// Streams and events of the runtime API.

#include "emulation/stream.hpp"

#include <algorithm>
#include <set>

#include "emulation/state.hpp"

using cuda_emulation::Lock;
using cuda_emulation::record_error;

namespace cuda_emulation {
namespace {

// Never destroyed: objects with static lifetime may destroy their handles at exit.
std::set<const void*>& handles() {
  static auto* const instance = new std::set<const void*>;
  return *instance;
}

bool is_blocking(cudaStream_t stream) { return (stream->flags & cudaStreamNonBlocking) == 0; }

/// The legacy stream waits for blocking streams, which a capture cannot express.
cudaError_t legacy_stream_error() {
  cudaError_t error = cudaSuccess;
  for (const auto& capture : captures())
    if (legacy_would_wait(*capture)) error = invalidate(*capture, cudaErrorStreamCaptureImplicit);
  return error;
}

}  // namespace

std::vector<std::shared_ptr<Capture>>& captures() {
  static auto* const instance = new std::vector<std::shared_ptr<Capture>>;
  return *instance;
}

bool legacy_would_wait(const Capture& capture) {
  return is_blocking(capture.origin) ||
         std::any_of(capture.joined.begin(), capture.joined.end(), is_blocking);
}

cudaError_t invalidate(Capture& capture, cudaError_t error) {
  capture.invalidated = true;
  return error;
}

void add_handle(const void* handle) { handles().insert(handle); }
bool is_handle(const void* handle) { return handles().contains(handle); }
void remove_handle(const void* handle) { handles().erase(handle); }

std::size_t live_handles() {
  const Lock lock;
  return handles().size();
}

bool is_capturing(cudaStream_t stream) {
  return stream != nullptr && is_handle(stream) && stream->capture != nullptr;
}

cudaError_t unsafe_call_error() {
  cudaError_t error = cudaSuccess;
  for (const auto& capture : captures()) {
    const bool here = capture->thread == std::this_thread::get_id();
    if (capture->mode == cudaStreamCaptureModeRelaxed) continue;
    if (capture->mode == cudaStreamCaptureModeThreadLocal && !here) continue;
    error = invalidate(*capture, cudaErrorStreamCaptureUnsupported);
  }
  return error;
}

cudaError_t device_wait_error() {
  cudaError_t error = device_error();
  if (error != cudaSuccess) return error;
  for (const auto& capture : captures())
    error = invalidate(*capture, cudaErrorStreamCaptureUnsupported);
  return error;
}

cudaError_t stream_error(cudaStream_t stream) {
  const cudaError_t error = device_error();
  if (error != cudaSuccess) return error;
  if (stream == nullptr) return legacy_stream_error();
  if (!is_handle(stream)) return cudaErrorInvalidResourceHandle;
  const bool invalidated = stream->capture != nullptr && stream->capture->invalidated;
  return invalidated ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
}

int card_of_stream(cudaStream_t stream) {
  return stream != nullptr && is_handle(stream) ? stream->card : current_card();
}

cudaError_t refuse(cudaStream_t stream, cudaError_t error) {
  return is_capturing(stream) ? invalidate(*stream->capture, error) : error;
}

cudaError_t enqueue(cudaStream_t stream, std::function<cudaError_t()> work) {
  const Lock lock;
  const cudaError_t error = stream_error(stream);
  if (error != cudaSuccess) return error;
  if (is_capturing(stream)) {
    stream->capture->recording.work.push_back(std::move(work));
    ++stream->work_captured;
    stream->unjoined = true;
    return cudaSuccess;
  }
  const DeviceAccess access;
  return work();
}

}  // namespace cuda_emulation

namespace {

/// For a call that waits for the stream, which a capturing stream cannot answer.
cudaError_t wait_error(cudaStream_t stream) {
  if (cuda_emulation::is_capturing(stream))
    return invalidate(*stream->capture, cudaErrorStreamCaptureUnsupported);
  return cuda_emulation::stream_error(stream);
}

cudaError_t event_wait_error(cudaEvent_t event) {
  if (!cuda_emulation::is_handle(event)) return cudaErrorInvalidResourceHandle;
  if (event->capture == nullptr) return cuda_emulation::unsafe_call_error();
  return invalidate(*event->capture, cudaErrorCapturedEvent);
}

/// A captured event: the waiting stream joins its capture.
cudaError_t wait_captured(cudaStream_t stream, cudaEvent_t event) {
  if (event->capture->ended) return cudaErrorCapturedEvent;
  if (event->capture->invalidated) return cudaErrorStreamCaptureInvalidated;
  if (stream == nullptr) return invalidate(*event->capture, cudaErrorStreamCaptureImplicit);
  if (stream->capture == nullptr) {
    stream->capture = event->capture;
    stream->capture->joined.push_back(stream);
  }
  if (stream->capture != event->capture) {
    invalidate(*event->capture, cudaErrorStreamCaptureMerge);
    return invalidate(*stream->capture, cudaErrorStreamCaptureMerge);
  }
  if (stream == event->stream) return cudaSuccess;
  stream->unjoined = true;
  const bool is_latest = cuda_emulation::is_handle(event->stream) &&
                         event->stream->work_captured == event->work_captured;
  if (is_latest) event->stream->unjoined = false;
  return cudaSuccess;
}

}  // namespace

cudaError_t cuda_emulation::end_capture(const std::shared_ptr<Capture>& capture) {
  std::erase(captures(), capture);
  bool unjoined = false;
  for (const cudaStream_t stream : capture->joined) {
    unjoined = unjoined || stream->unjoined;
    stream->capture = nullptr;
  }
  capture->origin->capture = nullptr;
  capture->ended = true;
  const cudaError_t error = capture->invalidated ? cudaErrorStreamCaptureInvalidated
                            : unjoined           ? cudaErrorStreamCaptureUnjoined
                                                 : cudaSuccess;
  if (error != cudaSuccess) capture->recording = {};
  return error;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int flags) {
  const Lock lock;
  const cudaError_t error = cuda_emulation::device_error();
  if (error != cudaSuccess) return record_error(error);
  *stream = new CUstream_st{.flags = flags, .card = cuda_emulation::current_card()};
  cuda_emulation::add_handle(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const Lock lock;
  if (!cuda_emulation::is_handle(stream)) return record_error(cudaErrorInvalidResourceHandle);
  if (stream->capture != nullptr) {
    invalidate(*stream->capture, cudaErrorStreamCaptureInvalidated);
    std::erase(stream->capture->joined, stream);
    if (stream->capture->origin == stream)
      cuda_emulation::end_capture(std::shared_ptr(stream->capture));
  }
  cuda_emulation::remove_handle(stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const Lock lock;
  return record_error(wait_error(stream));
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  const Lock lock;
  return record_error(wait_error(stream));
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
  const Lock lock;
  const bool known = stream == nullptr || cuda_emulation::is_handle(stream);
  if (!known || !cuda_emulation::is_handle(event))
    return record_error(cudaErrorInvalidResourceHandle);
  if (event->capture != nullptr) return record_error(wait_captured(stream, event));
  const cudaError_t error = cuda_emulation::stream_error(stream);
  if (error != cudaSuccess) return record_error(error);
  const bool outside = cuda_emulation::is_capturing(stream) && event->time.has_value();
  return record_error(outside ? invalidate(*stream->capture, cudaErrorStreamCaptureIsolation)
                              : cudaSuccess);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
  const Lock lock;
  const cudaError_t error = cuda_emulation::device_error();
  if (error != cudaSuccess) return record_error(error);
  *event = new CUevent_st{.flags = flags, .card = cuda_emulation::current_card()};
  cuda_emulation::add_handle(*event);
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const Lock lock;
  if (!cuda_emulation::is_handle(event)) return record_error(cudaErrorInvalidResourceHandle);
  cuda_emulation::remove_handle(event);
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const Lock lock;
  if (!cuda_emulation::is_handle(event)) return record_error(cudaErrorInvalidResourceHandle);
  const cudaError_t error = cuda_emulation::stream_error(stream);
  if (error != cudaSuccess) return record_error(error);
  if (event->card != cuda_emulation::card_of_stream(stream))
    return record_error(cudaErrorInvalidResourceHandle);
  event->capture = stream == nullptr ? nullptr : stream->capture;
  event->stream = stream;
  event->work_captured = stream == nullptr ? 0 : stream->work_captured;
  event->time = std::chrono::steady_clock::now();
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const Lock lock;
  return record_error(event_wait_error(event));
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  const Lock lock;
  return record_error(event_wait_error(event));
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  const Lock lock;
  for (const cudaEvent_t event : {start, end}) {
    const cudaError_t error = event_wait_error(event);
    if (error != cudaSuccess) return record_error(error);
    const bool timed = (event->flags & cudaEventDisableTiming) == 0 && event->time.has_value();
    if (!timed) return record_error(cudaErrorInvalidResourceHandle);
  }
  *milliseconds = std::chrono::duration<float, std::milli>(*end->time - *start->time).count();
  return cudaSuccess;
}
