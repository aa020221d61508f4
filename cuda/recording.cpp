#include "cuda/recording.hpp"

#include <cstring>
#include <string>

#include "core/cuda_backend.hpp"
#include "core/error.hpp"
#include "cuda/context.hpp"

namespace spiketape::cuda {

struct Recording::Executable {
  Graph graph;
  GraphExec exec;
};

Recording::Recording(Device device) : device_(device) {}
// The memory of a graph's nodes stays with the card until it is asked for.
Recording::~Recording() {
  if (!graph_) return;
  graph_.reset();
  if (cudaDeviceGraphMemTrim(device_.index) != cudaSuccess) cudaGetLastError();
}

Recording* Recording::current() { return static_cast<Recording*>(Replay::recording()); }

void Recording::record(const std::function<void()>& body) {
  const Context& context = Context::use(device_);
  const MemoryMeter meter(device_);
  cudaGraph_t captured = nullptr;
  // Relaxed: the pinned memory of uploads and downloads is made while the stream is captured.
  check(cudaStreamBeginCapture(context.stream(), cudaStreamCaptureModeRelaxed));
  try {
    const Scope scope(this);
    body();
  } catch (...) {
    end();
    cudaStreamEndCapture(context.stream(), &captured);
    const Graph dropped(captured);
    cudaGetLastError();
    throw;
  }
  end();
  check(cudaStreamEndCapture(context.stream(), &captured));
  auto graph = std::make_unique<Executable>();
  graph->graph = Graph(captured);
  graph->exec =
      GraphExec::make(&cudaGraphInstantiate,
                      captured,
                      static_cast<unsigned long long>(cudaGraphInstantiateFlagAutoFreeOnLaunch));
  graph_ = std::move(graph);
  need_ = meter.need();
}

bool Recording::replay() {
  const Context& context = Context::use(device_);
  check_before();
  for (const Refresh& refresh : refreshes_)
    std::memcpy(refresh.to.get(), refresh.from, refresh.bytes);
  book_need(device_, need_);
  check(cudaGraphLaunch(graph_->exec.get(), context.stream()));
  check(cudaStreamSynchronize(context.stream()));
  return conclude();
}

std::shared_ptr<void> Recording::pinned(std::size_t bytes) {
  void* memory = nullptr;
  check(cudaMallocHost(&memory, bytes));
  return {memory, [](void* taken) { cudaFreeHost(taken); }};
}

void Recording::upload(void* to, const void* from, std::size_t bytes) {
  std::shared_ptr<void> memory = pinned(bytes);
  std::memcpy(memory.get(), from, bytes);
  check(cudaMemcpyAsync(
      to, memory.get(), bytes, cudaMemcpyHostToDevice, Context::use(device_).stream()));
  if (follows(from)) refreshes_.push_back({memory, from, bytes});
  constants_.push_back(std::move(memory));
}

std::shared_ptr<const void> Recording::download_bytes(const void* from, std::size_t bytes) {
  return download_bytes(from, nullptr, bytes);
}

std::shared_ptr<const void> Recording::download_bytes(const void* from,
                                                      const void* until_then,
                                                      std::size_t bytes) {
  std::shared_ptr<void> memory = pinned(bytes);
  if (until_then != nullptr) std::memcpy(memory.get(), until_then, bytes);
  check(cudaMemcpyAsync(
      memory.get(), from, bytes, cudaMemcpyDeviceToHost, Context::use(device_).stream()));
  constants_.push_back(memory);
  return memory;
}

std::unique_ptr<Replay> make_recording(Device device) {
  return std::make_unique<Recording>(device);
}

void refuse_while_recording(const char* what) {
  if (Replay::recording() != nullptr)
    throw NotRecordable(std::string("a recorded step cannot have the host wait for the card: ") +
                        what);
}

}  // namespace spiketape::cuda
