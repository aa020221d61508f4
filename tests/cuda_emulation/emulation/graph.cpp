// Stream capture and graphs of the runtime API: a graph is the list of what was captured.

#include <algorithm>

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
  if (stream->capture->origin != stream) return record_error(cudaErrorStreamCaptureUnmatched);

  const auto capture = stream->capture;
  const bool unjoined = cuda_emulation::end_capture(capture);
  if (capture->invalidated) return record_error(cudaErrorStreamCaptureInvalidated);
  if (unjoined) return record_error(cudaErrorStreamCaptureUnjoined);
  *graph = new CUgraph_st{.work = std::move(capture->work)};
  cuda_emulation::add_handle(*graph);
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus* status) {
  const Lock lock;
  if (stream != nullptr && !cuda_emulation::is_handle(stream))
    return record_error(cudaErrorInvalidResourceHandle);
  *status = !cuda_emulation::is_capturing(stream) ? cudaStreamCaptureStatusNone
            : stream->capture->invalidated        ? cudaStreamCaptureStatusInvalidated
                                                  : cudaStreamCaptureStatusActive;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  const Lock lock;
  if (exec == nullptr || !cuda_emulation::is_handle(graph))
    return record_error(cudaErrorInvalidValue);
  *exec = new CUgraphExec_st{.work = std::make_shared<cuda_emulation::Work>(graph->work)};
  cuda_emulation::add_handle(*exec);
  return cudaSuccess;
}

// Into a capturing stream the graph is captured as a whole.
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  const Lock lock;
  if (!cuda_emulation::is_handle(exec)) return record_error(cudaErrorInvalidValue);
  return record_error(cuda_emulation::enqueue(stream, [work = exec->work] {
    for (const auto& step : *work) {
      const cudaError_t error = step();
      if (error != cudaSuccess) return error;
    }
    return cudaSuccess;
  }));
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) { return destroy(exec); }
cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return destroy(graph); }
