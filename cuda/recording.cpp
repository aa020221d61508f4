#include "cuda/recording.hpp"

#include <cstring>
#include <string>

#include "core/cuda_backend.hpp"
#include "core/error.hpp"
#include "cuda/context.hpp"
#include "cuda/watch.hpp"

namespace spiketape::cuda {
namespace {

/// Of the notes. A sweep takes 32, a readout or a loss 16, a parameter of Adam 12.
constexpr std::size_t kNoteBytes = 32 * 1024;
constexpr std::size_t kNoteAlignment = 16;

}  // namespace

struct Recording::Executable {
  Graph graph;
  GraphExec exec;
};

Recording::Recording(Device device)
    : device_(device),
      notes_(Buffer<std::byte>::zeros(kNoteBytes, device, MemoryTag::scratch)),
      sent_(pinned(kNoteBytes)),
      told_(pinned(kNoteBytes)),
      spoiled_(note<std::uint32_t>(0, 0)) {
  std::memset(sent_.get(), 0, kNoteBytes);
  // No step that runs calls this kernel, and the card should not load code within a recording.
  auto* const zero = reinterpret_cast<float*>(notes_.data());
  cuda::watch(Context::use(device), zero, zero, spoiled());
}

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
    check(cudaMemcpyAsync(
        notes_.data(), sent_.get(), kNoteBytes, cudaMemcpyHostToDevice, context.stream()));
    {
      const Scope scope(this);
      body();
    }
    check(cudaMemcpyAsync(
        told_.get(), notes_.data(), noted_, cudaMemcpyDeviceToHost, context.stream()));
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
  judge_spoiled();
  // The graph has memory of its own; what the steps before it needed goes back to the card.
  cuda::memory_resource(device_).release_unused();
}

// Asked last: by then the host has found every reason that the card may have had.
void Recording::judge_spoiled() {
  judge_last([spoiled = spoiled_.on_host] {
    if (*spoiled != 0)
      throw BackendError(
          "cuda: the card gave up the results of a replayed step, and the host does not see why; "
          "train with --no-graph, and please report this");
    return true;
  });
}

bool Recording::replay() {
  const Context& context = Context::use(device_);
  check_before();
  for (const Refresh& refresh : refreshes_) std::memcpy(refresh.to, refresh.from, refresh.bytes);
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

std::size_t Recording::take(std::size_t bytes) {
  const std::size_t at = noted_;
  const std::size_t end = at + (bytes + kNoteAlignment - 1) / kNoteAlignment * kNoteAlignment;
  if (end > kNoteBytes)
    throw NotRecordable("the step has too many layers and parameters for one recording");
  noted_ = end;
  return at;
}

void Recording::upload(void* to, const void* from, std::size_t bytes) {
  const std::shared_ptr<void>& memory = kept_.emplace_back(pinned(bytes));
  std::memcpy(memory.get(), from, bytes);
  check(cudaMemcpyAsync(
      to, memory.get(), bytes, cudaMemcpyHostToDevice, Context::use(device_).stream()));
  if (follows(from)) refreshes_.push_back({memory.get(), from, bytes});
}

std::shared_ptr<const void> Recording::download_bytes(const void* from, std::size_t bytes) {
  const std::shared_ptr<void>& memory = kept_.emplace_back(pinned(bytes));
  check(cudaMemcpyAsync(
      memory.get(), from, bytes, cudaMemcpyDeviceToHost, Context::use(device_).stream()));
  return memory;
}

std::shared_ptr<const float> Recording::watch(const float* on_card) {
  const Note<float> seen = note(0.0f, 0.0f);
  cuda::watch(Context::use(device_), on_card, seen.on_card, spoiled());
  return seen.on_host;
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
