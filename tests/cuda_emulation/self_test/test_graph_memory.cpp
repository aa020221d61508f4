#include <csignal>
#include <optional>

#include "emulation/device_memory.hpp"
#include "emulation/sanitizer.hpp"
#include "support.hpp"

namespace cuda_emulation::testing {
namespace {

constexpr int kGarbage = static_cast<int>(0xCBCBCBCB);

__global__ void store(int* to, int value) { *to = value; }

cudaError_t store_in(cudaStream_t stream, int* to, int value) {
  const cudaLaunchConfig_t config = {1, 1, 0, stream, nullptr, 0};
  return cudaLaunchKernelEx(&config, store, to, value);
}

int* allocated_in(cudaStream_t stream) {
  int* memory = nullptr;
  CHECK(cudaMallocAsync(&memory, 4, stream) == cudaSuccess);
  CHECK(is_device_address(memory));
  return memory;
}

/// How a plain copy of the memory's one number ends, and the number.
cudaError_t read(const int* memory, int& value) {
  const cudaError_t error = cudaMemcpy(&value, memory, 4, cudaMemcpyDeviceToHost);
  cudaGetLastError();
  return error;
}

cudaError_t freed(int* memory) {
  const cudaError_t error = cudaFree(memory);
  CHECK(cudaGetLastError() == error);
  return error;
}

TEST_CASE("the memory of an allocation node is new at each launch") {
  const Stream stream;
  const PinnedArray<int> found(1), stored(1);
  int* memory = nullptr;
  const Graph graph(stream, [&] {
    memory = allocated_in(stream);
    cudaMemcpyAsync(found.data(), memory, 4, cudaMemcpyDefault, stream);
    CHECK(store_in(stream, memory, 5) == cudaSuccess);
    cudaMemcpyAsync(stored.data(), memory, 4, cudaMemcpyDefault, stream);
    CHECK(cudaFreeAsync(memory, stream) == cudaSuccess);
  });
  for (int launch = 0; launch < 3; ++launch) {
    found[0] = stored[0] = 0;
    CHECK(graph.launch(stream) == cudaSuccess);
    CHECK(found[0] == kGarbage);
    CHECK(stored[0] == 5);
    const int death = death_of([&] { *const_cast<volatile int*>(memory) = 1; });
    CHECK((death == SIGSEGV || death == -1));
    int value = 0;
    CHECK(read(memory, value) == cudaErrorInvalidValue);
    CHECK_THROWS_WITH_AS(require_live_range(memory, 4, "x"),
                         doctest::Contains("its graph has not allocated it"),
                         EmulationError);
  }
}

TEST_CASE("the address sanitizer catches work on a graph's memory before and after its life" *
          doctest::skip(!kAddressSanitizer)) {
  const Stream stream;
  const PinnedArray<int> host(1);
  int* memory = nullptr;
  enum class Late { nothing, kernel, set, from, to };
  const auto graph_with = [&](Late late) {
    return Graph(stream, [&] {
      memory = allocated_in(stream);
      CHECK(store_in(stream, memory, 5) == cudaSuccess);
      CHECK(cudaFreeAsync(memory, stream) == cudaSuccess);
      if (late == Late::kernel) store_in(stream, memory, 6);
      if (late == Late::set) cudaMemsetAsync(memory, 0, 4, stream);
      if (late == Late::from) cudaMemcpyAsync(host.data(), memory, 4, cudaMemcpyDefault, stream);
      if (late == Late::to) cudaMemcpyAsync(memory, host.data(), 4, cudaMemcpyDefault, stream);
    });
  };
  const auto death_of_launch = [&](Late late) {
    const Graph graph = graph_with(late);
    return death_of([&] { graph.launch(stream); });
  };
  CHECK(death_of_launch(Late::nothing) == 0);
  for (const Late late : {Late::kernel, Late::set, Late::from, Late::to})
    CHECK(death_of_launch(late) == -1);

  const Graph graph = graph_with(Late::nothing);
  const auto death_of_kernel = [&] { return death_of([&] { store_in(stream, memory, 7); }); };
  CHECK(death_of_kernel() == -1);  // never launched
  CHECK(graph.launch(stream) == cudaSuccess);
  CHECK(death_of_kernel() == -1);
}

TEST_CASE("a capture frees its own memory, once, and no other") {
  const Stream stream;
  const DeviceArray<int> plain({1});
  int* other = nullptr;
  const Graph graph(stream, [&] { other = allocated_in(stream); });
  CHECK(graph.launch(stream) == cudaSuccess);
  const auto refused = [&](const auto& call) {
    const auto body = [&] { CHECK(call(allocated_in(stream)) == cudaErrorInvalidValue); };
    captured(stream, body, cudaStreamCaptureModeGlobal, cudaErrorStreamCaptureInvalidated);
  };
  const std::size_t before = live_bytes();
  int* none = nullptr;
  refused([&](int*) { return cudaFreeAsync(plain.data(), stream); });
  refused([&](int*) { return cudaFreeAsync(other, stream); });
  refused([&](int*) { return cudaFreeAsync(nullptr, stream); });
  refused([&](int* memory) { return cudaFreeAsync(memory + 1, stream); });
  refused([&](int*) { return cudaMallocAsync(&none, 0, stream); });
  refused([&](int* memory) {
    CHECK(cudaFreeAsync(memory, stream) == cudaSuccess);
    return cudaFreeAsync(memory, stream);
  });
  CHECK(live_bytes() == before);
  CHECK(plain.values() == std::vector<int>{1});
  CHECK(freed(other) == cudaSuccess);
}

TEST_CASE("memory that a graph leaves must be freed before the next launch") {
  const Stream stream;
  int* memory = nullptr;
  const Graph graph(stream, [&] {
    memory = allocated_in(stream);
    CHECK(store_in(stream, memory, 5) == cudaSuccess);
    CHECK(cudaFreeAsync(memory, nullptr) == cudaErrorInvalidValue);
  });
  CHECK(freed(memory) == cudaErrorInvalidValue);
  for (const bool in_stream : {true, false}) {
    CHECK(graph.launch(stream) == cudaSuccess);
    int value = 0;
    CHECK(read(memory, value) == cudaSuccess);
    CHECK(value == 5);
    CHECK(store_in(stream, memory, 6) == cudaSuccess);
    CHECK(graph.launch(stream) == cudaErrorInvalidValue);
    CHECK(read(memory, value) == cudaSuccess);
    CHECK(value == 6);
    CHECK((in_stream ? cudaFreeAsync(memory, stream) : cudaFree(memory)) == cudaSuccess);
    CHECK(freed(memory) == cudaErrorInvalidValue);
  }
}

TEST_CASE("an instance may free what the last launch left, and nobody what a node will free") {
  const Stream stream;
  const PinnedArray<int> found(1);
  int* kept = nullptr;
  int* node_freed = nullptr;
  const Graph graph(
      stream,
      [&] {
        kept = allocated_in(stream);
        node_freed = allocated_in(stream);
        cudaMemcpyAsync(found.data(), kept, 4, cudaMemcpyDefault, stream);
        CHECK(store_in(stream, kept, 5) == cudaSuccess);
        CHECK(cudaFreeAsync(node_freed, stream) == cudaSuccess);
      },
      cudaGraphInstantiateFlagAutoFreeOnLaunch);
  for (int launch = 0; launch < 3; ++launch) {
    CHECK(graph.launch(stream) == cudaSuccess);
    CHECK(found[0] == kGarbage);
    CHECK(freed(node_freed) == cudaErrorInvalidValue);
  }
  CHECK(freed(kept) == cudaSuccess);
  CHECK(graph.launch(stream) == cudaSuccess);
  CHECK(freed(kept) == cudaSuccess);
}

TEST_CASE("a graph that failed half way can be launched again") {
  const Stream stream;
  auto gone = std::make_optional<DeviceArray<int>>(std::vector{1});
  const Graph graph(stream, [&] {
    int* const memory = allocated_in(stream);
    cudaMemsetAsync(gone->data(), 0, 4, stream);
    CHECK(cudaFreeAsync(memory, stream) == cudaSuccess);
  });
  CHECK(graph.launch(stream) == cudaSuccess);
  gone.reset();
  // Not the error of memory that is live: it names the step that failed.
  for (int launch = 0; launch < 2; ++launch) CHECK(graph.launch(stream) == cudaErrorInvalidValue);
}

TEST_CASE("a graph's memory counts from its capture until the graph and its instance are gone") {
  const Stream stream;
  const std::size_t bytes = live_bytes(), allocations = live_allocations();
  void* memory = nullptr;
  void* more = nullptr;
  set_memory_limit(bytes + 1000);
  const auto body = [&] {
    CHECK(cudaMallocAsync(&memory, 600, stream) == cudaSuccess);
    CHECK(cudaMallocAsync(&more, 600, stream) == cudaErrorMemoryAllocation);
    CHECK(more == nullptr);
    CHECK(live_bytes() == bytes + 600);
  };
  cudaGraph_t graph = captured(stream, body);
  CHECK(cudaMalloc(&more, 401) == cudaErrorMemoryAllocation);
  reset_settings();
  cudaGraphExec_t exec = nullptr;
  REQUIRE(cudaGraphInstantiate(&exec, graph) == cudaSuccess);
  CHECK(cudaGraphDestroy(graph) == cudaSuccess);
  CHECK(live_allocations() == allocations + 1);
  SUBCASE("never launched") { CHECK(cudaGraphExecDestroy(exec) == cudaSuccess); }
  SUBCASE("left, then freed") {
    CHECK(cudaGraphLaunch(exec, stream) == cudaSuccess);
    CHECK(cudaFreeAsync(memory, stream) == cudaSuccess);
    CHECK(live_bytes() == bytes + 600);
    CHECK(cudaGraphExecDestroy(exec) == cudaSuccess);
  }
  SUBCASE("left, and freed after the graph") {
    CHECK(cudaGraphLaunch(exec, stream) == cudaSuccess);
    CHECK(cudaGraphExecDestroy(exec) == cudaSuccess);
    CHECK(live_bytes() == bytes + 600);
    CHECK(cudaMemset(memory, 0, 600) == cudaSuccess);
    CHECK(cudaFreeAsync(memory, stream) == cudaSuccess);
  }
  CHECK(live_bytes() == bytes);
  CHECK(live_allocations() == allocations);
  CHECK(cudaFree(memory) == cudaErrorInvalidValue);
  cudaGetLastError();
}

TEST_CASE("a graph with memory has one instance at a time and is part of no other graph") {
  const Stream stream;
  const cudaGraph_t graph = captured(stream, [&] { cudaFreeAsync(allocated_in(stream), stream); });
  for (int round = 0; round < 2; ++round) {
    cudaGraphExec_t exec = nullptr, second = nullptr;
    CHECK(cudaGraphInstantiate(&exec, graph, 16) == cudaErrorInvalidValue);
    CHECK(cudaGraphInstantiate(&exec, graph) == cudaSuccess);
    CHECK(cudaGraphInstantiate(&second, graph) == cudaErrorNotSupported);
    const auto body = [&] { CHECK(cudaGraphLaunch(exec, stream) == cudaErrorNotSupported); };
    captured(stream, body, cudaStreamCaptureModeGlobal, cudaErrorStreamCaptureInvalidated);
    CHECK(cudaGraphExecDestroy(exec) == cudaSuccess);
  }
  CHECK(cudaGraphDestroy(graph) == cudaSuccess);
  CHECK(cudaDeviceGraphMemTrim(0) == cudaSuccess);
  CHECK(cudaDeviceGraphMemTrim(1) == cudaErrorInvalidDevice);
  cudaGetLastError();
}

}  // namespace
}  // namespace cuda_emulation::testing
