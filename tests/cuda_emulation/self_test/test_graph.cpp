#include <memory>
#include <thread>

#include "support.hpp"

namespace cuda_emulation::testing {
namespace {

__global__ void add(int* x, int value) { x[threadIdx.x] += value; }

cudaError_t add_in(cudaStream_t stream, int* x, int value) {
  const cudaLaunchConfig_t config = {1, 2, 0, stream, nullptr, 0};
  return cudaLaunchKernelEx(&config, add, x, value);
}

constexpr cudaStreamCaptureMode kModes[] = {
    cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeRelaxed};

/// That `call` gives the error in a capture of the stream, which it spoils.
template <typename Call>
void check_spoiled(cudaStream_t stream,
                   const Call& call,
                   cudaError_t error = cudaErrorStreamCaptureUnsupported,
                   cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal) {
  const auto body = [&] {
    CHECK(call() == error);
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    CHECK(cudaStreamIsCapturing(stream, &status) == cudaSuccess);
    CHECK(status == cudaStreamCaptureStatusInvalidated);
    CHECK(cudaMemsetAsync(nullptr, 0, 0, stream) == cudaErrorStreamCaptureInvalidated);
  };
  captured(stream, body, mode, cudaErrorStreamCaptureInvalidated);
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
}

TEST_CASE("a captured graph runs when it is launched, as often as it is launched") {
  const std::size_t handles = live_handles();
  const DeviceArray<int> x({1, 2}), y({0, 0});
  const Stream stream;
  REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
  int value = 10;
  CHECK(add_in(stream, x.data(), value) == cudaSuccess);
  value = 0;
  CHECK(cudaMemcpyAsync(y.data(), x.data(), 8, cudaMemcpyDeviceToDevice, stream) == cudaSuccess);
  CHECK(cudaMemsetAsync(x.data(), 0, 4, stream) == cudaSuccess);
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  CHECK(cudaStreamIsCapturing(stream, &status) == cudaSuccess);
  CHECK(status == cudaStreamCaptureStatusActive);
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  CHECK(x.values() == std::vector<int>{1, 2});

  cudaGraphExec_t exec = nullptr;
  REQUIRE(cudaGraphInstantiate(&exec, graph, 0) == cudaSuccess);
  CHECK(cudaGraphDestroy(graph) == cudaSuccess);
  CHECK(cudaGraphLaunch(exec, stream) == cudaSuccess);
  CHECK(y.values() == std::vector<int>{11, 12});
  CHECK(cudaGraphLaunch(exec, stream) == cudaSuccess);
  CHECK(y.values() == std::vector<int>{10, 22});
  CHECK(x.values() == std::vector<int>{0, 22});
  CHECK(cudaGraphExecDestroy(exec) == cudaSuccess);
  CHECK(live_handles() == handles + 1);
}

TEST_CASE("no mode of capture allows to wait for what is captured") {
  const Stream stream;
  const DeviceArray<int> x({1, 2});
  cudaEvent_t event = nullptr;
  REQUIRE(cudaEventCreate(&event) == cudaSuccess);
  for (const cudaStreamCaptureMode mode : kModes) {
    const auto refused = [&](const auto& call, cudaError_t error) {
      check_spoiled(stream, call, error, mode);
    };
    refused([&] { return cudaStreamSynchronize(stream); }, cudaErrorStreamCaptureUnsupported);
    refused([&] { return cudaStreamQuery(stream); }, cudaErrorStreamCaptureUnsupported);
    refused([] { return cudaDeviceSynchronize(); }, cudaErrorStreamCaptureUnsupported);
    const auto after_record = [&](auto wait) {
      return [&event, &stream, wait] {
        CHECK(cudaEventRecord(event, stream) == cudaSuccess);
        return wait(event);
      };
    };
    refused(after_record(cudaEventQuery), cudaErrorCapturedEvent);
    refused(after_record(cudaEventSynchronize), cudaErrorCapturedEvent);
  }
  CHECK(cudaStreamWaitEvent(stream, event) == cudaErrorCapturedEvent);
  CHECK(cudaEventDestroy(event) == cudaSuccess);
  cudaGetLastError();
}

TEST_CASE("calls that a capture does not see are refused unless it is relaxed") {
  const Stream stream;
  const DeviceArray<int> x({1, 2});
  cudaEvent_t event = nullptr;
  REQUIRE(cudaEventCreate(&event) == cudaSuccess);
  const auto check = [&](const auto& call) {
    check_spoiled(stream, call, cudaErrorStreamCaptureUnsupported, cudaStreamCaptureModeGlobal);
    check_spoiled(
        stream, call, cudaErrorStreamCaptureUnsupported, cudaStreamCaptureModeThreadLocal);
    const auto body = [&call] { CHECK(call() == cudaSuccess); };
    CHECK(cudaGraphDestroy(captured(stream, body, cudaStreamCaptureModeRelaxed)) == cudaSuccess);
  };
  void* data = nullptr;
  void* pinned = nullptr;
  int value = 0;
  check([&] { return cudaMalloc(&data, 4); });
  check([&] { return cudaMemset(data, 0, 4); });
  check([&] { return cudaMemcpy(&value, data, 4, cudaMemcpyDeviceToHost); });
  check([&] { return cudaFree(data); });
  check([&] { return cudaMallocHost(&pinned, 4); });
  check([&] { return cudaFreeHost(pinned); });
  check([&] { return cudaEventQuery(event); });
  check([&] { return cudaEventSynchronize(event); });
  CHECK(cudaEventDestroy(event) == cudaSuccess);
}

TEST_CASE("another thread spoils a global capture, and cannot end one that is not relaxed") {
  const Stream stream;
  const auto elsewhere = [](const auto& call) {
    cudaError_t error = cudaSuccess;
    std::thread([&] { error = call(); }).join();
    return error;
  };
  const auto no_op = [] { return cudaFree(nullptr); };
  check_spoiled(stream, [&] { return elsewhere(no_op); });
  for (const cudaStreamCaptureMode mode : kModes) {
    REQUIRE(cudaStreamBeginCapture(stream, mode) == cudaSuccess);
    if (mode != cudaStreamCaptureModeGlobal) CHECK(elsewhere(no_op) == cudaSuccess);
    cudaGraph_t graph = nullptr;
    const auto end = [&] { return cudaStreamEndCapture(stream, &graph); };
    const bool relaxed = mode == cudaStreamCaptureModeRelaxed;
    CHECK(elsewhere(end) == (relaxed ? cudaSuccess : cudaErrorStreamCaptureWrongThread));
    if (!relaxed) CHECK(end() == cudaSuccess);
    CHECK(cudaGraphDestroy(graph) == cudaSuccess);
  }
}

TEST_CASE("the legacy stream is of no use while a blocking stream captures") {
  const Stream blocking(cudaStreamDefault), other;
  const DeviceArray<int> x({1, 2});
  const auto refused = [&](const auto& call) {
    check_spoiled(blocking, call, cudaErrorStreamCaptureImplicit, cudaStreamCaptureModeRelaxed);
  };
  void* data = nullptr;
  refused([&] { return add_in(nullptr, x.data(), 1); });
  refused([&] { return cudaStreamSynchronize(nullptr); });
  refused([&] { return cudaMallocAsync(&data, 4, nullptr); });
  refused([&] { return cudaMemset(x.data(), 0, 8); });
  const auto body = [&] {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    CHECK(cudaStreamIsCapturing(nullptr, &status) == cudaErrorStreamCaptureImplicit);
    CHECK(add_in(other, x.data(), 1) == cudaSuccess);
  };
  CHECK(cudaGraphDestroy(captured(blocking, body)) == cudaSuccess);
  CHECK(x.values() == std::vector<int>{2, 3});
}

TEST_CASE("a captured copy reads and writes pinned memory at each launch, and none but pinned") {
  const Stream stream;
  const DeviceArray<int> x({0, 0});
  const PinnedArray<int> in(2), out(2);
  const Graph graph(stream, [&] {
    CHECK(cudaMemcpyAsync(x.data(), in.data(), 8, cudaMemcpyHostToDevice, stream) == cudaSuccess);
    CHECK(add_in(stream, x.data(), 1) == cudaSuccess);
    CHECK(cudaMemcpyAsync(out.data(), x.data(), 8, cudaMemcpyDefault, stream) == cudaSuccess);
    in[0] = in[1] = out[0] = out[1] = 7;
  });
  CHECK(out[0] == 7);
  for (const int value : {10, 20}) {
    in[0] = value;
    CHECK(graph.launch(stream) == cudaSuccess);
    CHECK(out[0] == value + 1);
    CHECK(out[1] == 8);
  }
  std::vector<int> pageable(2);
  const auto refused = [&](void* to, const void* from, std::size_t bytes, cudaError_t error) {
    check_spoiled(
        stream,
        [&] { return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream); },
        error,
        cudaStreamCaptureModeRelaxed);
  };
  refused(pageable.data(), x.data(), 8, cudaErrorStreamCaptureUnsupported);
  refused(x.data(), pageable.data(), 8, cudaErrorStreamCaptureUnsupported);
  refused(out.data() + 1, x.data(), 8, cudaErrorStreamCaptureUnsupported);
  refused(out.data(), x.data() + 1, 8, cudaErrorInvalidValue);
}

TEST_CASE("a graph fails when the memory of its copies is gone") {
  const Stream stream;
  auto pinned = std::make_unique<PinnedArray<int>>(1);
  auto x = std::make_unique<DeviceArray<int>>(std::vector{1});
  const Graph up(stream,
                 [&] { cudaMemcpyAsync(x->data(), pinned->data(), 4, cudaMemcpyDefault, stream); });
  const Graph clear(stream, [&] { cudaMemsetAsync(x->data(), 0, 4, stream); });
  CHECK(up.launch(stream) == cudaSuccess);
  CHECK(clear.launch(stream) == cudaSuccess);
  pinned.reset();
  CHECK(up.launch(stream) == cudaErrorInvalidValue);
  x.reset();
  CHECK(clear.launch(stream) == cudaErrorInvalidValue);
}

TEST_CASE("a bad launch spoils the capture") {
  const Stream stream;
  const DeviceArray<int> x({0, 0});
  const cudaLaunchConfig_t config = {0, 2, 0, stream, nullptr, 0};
  check_spoiled(
      stream,
      [&] { return cudaLaunchKernelEx(&config, add, x.data(), 1); },
      cudaErrorInvalidConfiguration);
}

TEST_CASE("a stream joins a capture by an event, and must be joined back") {
  const DeviceArray<int> x({0, 0});
  const Stream first, second;
  cudaEvent_t fork = nullptr, join = nullptr;
  REQUIRE(cudaEventCreateWithFlags(&fork, cudaEventDisableTiming) == cudaSuccess);
  REQUIRE(cudaEventCreateWithFlags(&join, cudaEventDisableTiming) == cudaSuccess);
  for (const bool joined : {true, false}) {
    REQUIRE(cudaStreamBeginCapture(first, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    CHECK(cudaEventRecord(fork, first) == cudaSuccess);
    CHECK(cudaStreamWaitEvent(second, fork) == cudaSuccess);
    CHECK(add_in(second, x.data(), 1) == cudaSuccess);
    CHECK(cudaEventRecord(join, second) == cudaSuccess);
    if (joined) CHECK(cudaStreamWaitEvent(first, join) == cudaSuccess);
    cudaGraph_t graph = nullptr;
    CHECK(cudaStreamEndCapture(first, &graph) ==
          (joined ? cudaSuccess : cudaErrorStreamCaptureUnjoined));
    if (joined) CHECK(cudaGraphDestroy(graph) == cudaSuccess);
  }
  // An event is no way into another capture.
  const auto merge = [&] {
    REQUIRE(cudaStreamBeginCapture(second, cudaStreamCaptureModeRelaxed) == cudaSuccess);
    CHECK(cudaEventRecord(join, second) == cudaSuccess);
    return cudaStreamWaitEvent(first, join);
  };
  check_spoiled(first, merge, cudaErrorStreamCaptureMerge);
  cudaGraph_t graph = nullptr;
  CHECK(cudaStreamEndCapture(second, &graph) == cudaErrorStreamCaptureInvalidated);
  CHECK(x.values() == std::vector<int>{0, 0});
  CHECK(cudaEventDestroy(fork) == cudaSuccess);
  CHECK(cudaEventDestroy(join) == cudaSuccess);
  cudaGetLastError();
}

}  // namespace
}  // namespace cuda_emulation::testing
