// Stream capture and graphs of the runtime API: a graph is the list of what was captured.

#include <algorithm>
#include <cstdint>
#include <utility>

#include "emulation/state.hpp"
#include "emulation/stream.hpp"

using cuda_emulation::Lock;
using cuda_emulation::record_error;

namespace {

template <typename Handle>
cudaError_t destroy(Handle handle) {
  const Lock lock;
  if (!cuda_emulation::is_handle(handle)) return record_error(cudaErrorInvalidValue);
  cuda_emulation::remove_handle(handle);
  delete handle;
  return cudaSuccess;
}

}  // namespace

// CUDA does not say whether a capture goes on when there is no memory; here it does.
cudaError_t cuda_emulation::capture_allocation(void** pointer,
                                               std::size_t size,
                                               cudaStream_t stream) {
  Capture& capture = *stream->capture;
  if (pointer == nullptr || size == 0) return invalidate(capture, cudaErrorInvalidValue);
  const auto memory = GraphMemory::reserve(size, settings().memory_limit, stream->card);
  *pointer = memory == nullptr ? nullptr : memory->pointer();
  if (memory == nullptr) return cudaErrorMemoryAllocation;
  capture.recording.memory.push_back(memory);
  return enqueue(stream, [memory] {
    memory->allocate();
    return cudaSuccess;
  });
}

cudaError_t cuda_emulation::capture_free(void* pointer, cudaStream_t stream) {
  Capture& capture = *stream->capture;
  const auto& owned = capture.recording.memory;
  const auto memory = std::find_if(
      owned.begin(), owned.end(), [pointer](const auto& m) { return m->pointer() == pointer; });
  if (memory == owned.end() || (*memory)->has_free_node())
    return invalidate(capture, cudaErrorInvalidValue);
  (*memory)->add_free_node();
  return enqueue(stream, [memory = *memory] {
    memory->free();
    return cudaSuccess;
  });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode) {
  const Lock lock;
  if (stream == nullptr) return record_error(cudaErrorStreamCaptureUnsupported);
  if (!cuda_emulation::is_handle(stream)) return record_error(cudaErrorInvalidResourceHandle);
  if (stream->capture != nullptr) return record_error(cudaErrorIllegalState);
  auto capture = std::make_shared<cuda_emulation::Capture>();
  capture->origin = stream;
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  cuda_emulation::captures().push_back(capture);
  stream->capture = std::move(capture);
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const Lock lock;
  *graph = nullptr;
  if (stream == nullptr || !cuda_emulation::is_handle(stream))
    return record_error(cudaErrorInvalidResourceHandle);
  if (stream->capture == nullptr) return record_error(cudaErrorIllegalState);
  const auto capture = stream->capture;
  if (capture->origin != stream) return record_error(cudaErrorStreamCaptureUnmatched);
  if (capture->mode != cudaStreamCaptureModeRelaxed &&
      capture->thread != std::this_thread::get_id())
    return record_error(cudaErrorStreamCaptureWrongThread);

  const cudaError_t error = cuda_emulation::end_capture(capture);
  if (error != cudaSuccess) return record_error(error);
  *graph = new CUgraph_st{.recording = std::exchange(capture->recording, {})};
  cuda_emulation::add_handle(*graph);
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus* status) {
  const Lock lock;
  if (stream != nullptr && !cuda_emulation::is_handle(stream))
    return record_error(cudaErrorInvalidResourceHandle);
  const auto& captures = cuda_emulation::captures();
  if (stream == nullptr && std::any_of(captures.begin(), captures.end(), [](const auto& capture) {
        return cuda_emulation::legacy_would_wait(*capture);
      }))
    return record_error(cudaErrorStreamCaptureImplicit);
  *status = !cuda_emulation::is_capturing(stream) ? cudaStreamCaptureStatusNone
            : stream->capture->invalidated        ? cudaStreamCaptureStatusInvalidated
                                                  : cudaStreamCaptureStatusActive;
  return cudaSuccess;
}

// Of a graph with memory only one instance may exist. CUDA does not say which error a second is.
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec,
                                 cudaGraph_t graph,
                                 unsigned long long flags) {
  const Lock lock;
  if (exec == nullptr || !cuda_emulation::is_handle(graph) ||
      (flags & ~std::uint64_t{cudaGraphInstantiateFlagAutoFreeOnLaunch}) != 0)
    return record_error(cudaErrorInvalidValue);
  if (!graph->recording.memory.empty() && !graph->instance.expired())
    return record_error(cudaErrorNotSupported);
  auto recording = std::make_shared<const cuda_emulation::Recording>(graph->recording);
  graph->instance = recording;
  *exec = new CUgraphExec_st{.recording = std::move(recording), .frees_on_launch = flags != 0};
  cuda_emulation::add_handle(*exec);
  return cudaSuccess;
}

// Into a capturing stream the graph is captured as a whole, which one with memory cannot be.
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  const Lock lock;
  if (!cuda_emulation::is_handle(exec)) return record_error(cudaErrorInvalidValue);
  const cudaError_t error = cuda_emulation::stream_error(stream);
  if (error != cudaSuccess) return record_error(error);
  const auto& memory = exec->recording->memory;
  if (!memory.empty() && cuda_emulation::is_capturing(stream))
    return record_error(invalidate(*stream->capture, cudaErrorNotSupported));
  for (const auto& m : memory) {
    if (!m->live()) continue;
    // With a free node it is live only because the last launch failed half way.
    if (!exec->frees_on_launch && !m->has_free_node()) return record_error(cudaErrorInvalidValue);
    m->free();
  }
  return record_error(cuda_emulation::enqueue(stream, [recording = exec->recording] {
    for (const auto& step : recording->work) {
      const cudaError_t error = step();
      if (error != cudaSuccess) return error;
    }
    return cudaSuccess;
  }));
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) { return destroy(exec); }
cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return destroy(graph); }
