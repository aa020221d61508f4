#include "support.hpp"

namespace cuda_emulation::testing {
namespace {

__global__ void add(int* x, int value) { x[threadIdx.x] += value; }

cudaError_t add_in(cudaStream_t stream, int* x, int value) {
  const cudaLaunchConfig_t config = {1, 2, 0, stream, nullptr, 0};
  return cudaLaunchKernelEx(&config, add, x, value);
}

class Stream {
 public:
  Stream() { REQUIRE(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking) == cudaSuccess); }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  operator cudaStream_t() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

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

TEST_CASE("what a capture cannot hold is refused and spoils it") {
  const Stream stream;
  const auto spoiled_by = [&stream](const auto& call) {
    REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
    CHECK(call() == cudaErrorStreamCaptureUnsupported);
    cudaGraph_t graph = nullptr;
    CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);
    CHECK(graph == nullptr);
    cudaGetLastError();
  };
  void* data = nullptr;
  spoiled_by([&] { return cudaStreamSynchronize(stream); });
  spoiled_by([&] { return cudaMallocAsync(&data, 4, stream); });
  spoiled_by([&] { return cudaFreeAsync(nullptr, stream); });
  spoiled_by([&] { return cudaMalloc(&data, 4); });
  spoiled_by([] { return cudaDeviceSynchronize(); });
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
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
    CHECK(cudaEventQuery(join) == cudaErrorCapturedEvent);
    if (joined) CHECK(cudaStreamWaitEvent(first, join) == cudaSuccess);
    cudaGraph_t graph = nullptr;
    CHECK(cudaStreamEndCapture(first, &graph) ==
          (joined ? cudaSuccess : cudaErrorStreamCaptureUnjoined));
    if (joined) CHECK(cudaGraphDestroy(graph) == cudaSuccess);
  }
  CHECK(x.values() == std::vector<int>{0, 0});
  CHECK(cudaEventDestroy(fork) == cudaSuccess);
  CHECK(cudaEventDestroy(join) == cudaSuccess);
  cudaGetLastError();
}

}  // namespace
}  // namespace cuda_emulation::testing
