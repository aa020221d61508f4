#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "cuda_runtime_api.h"
#include "emulation/graph_memory.hpp"

// What the handles of the runtime point to. Streams run their work at once, so that all there is to
// know of one is whether it captures.

namespace cuda_emulation {

/// What was captured, in its order, and the memory of its allocation nodes.
struct Recording {
  std::vector<std::function<cudaError_t()>> work;
  std::vector<std::shared_ptr<GraphMemory>> memory;
};

/// A capture under way, shared by the stream in which it began and those that joined by events.
struct Capture {
  Recording recording;
  cudaStream_t origin = nullptr;
  std::vector<cudaStream_t> joined;  // by events
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::thread::id thread;
  bool invalidated = false;
  bool ended = false;
};

/// The captures that are under way.
std::vector<std::shared_ptr<Capture>>& captures();

/// In all its streams. What was captured is dropped where the result is an error.
cudaError_t end_capture(const std::shared_ptr<Capture>& capture);

/// Whether a use of the legacy stream would wait for a stream of the capture.
bool legacy_would_wait(const Capture& capture);

/// Hands the error on.
cudaError_t invalidate(Capture& capture, cudaError_t error);

/// cudaMallocAsync and cudaFreeAsync in a capturing stream.
cudaError_t capture_allocation(void** pointer, std::size_t size, cudaStream_t stream);
cudaError_t capture_free(void* pointer, cudaStream_t stream);

/// Every live handle, of any kind: the address of its object.
void add_handle(const void* handle);
bool is_handle(const void* handle);
void remove_handle(const void* handle);

}  // namespace cuda_emulation

struct CUstream_st {
  unsigned flags = 0;
  int card = 0;
  std::shared_ptr<cuda_emulation::Capture> capture{};
  std::size_t work_captured = 0;
  bool unjoined = false;  // has captured work that no event has led back from
};

struct CUevent_st {
  unsigned flags = 0;
  int card = 0;
  std::optional<std::chrono::steady_clock::time_point> time{};
  std::shared_ptr<cuda_emulation::Capture> capture{};  // in which it was last recorded
  cudaStream_t stream = nullptr;
  std::size_t work_captured = 0;  // of the stream, when recorded
};

struct CUgraph_st {
  cuda_emulation::Recording recording;
  std::weak_ptr<const cuda_emulation::Recording> instance{};  // the latest
};

struct CUgraphExec_st {
  std::shared_ptr<const cuda_emulation::Recording> recording;
  bool frees_on_launch = false;
};
