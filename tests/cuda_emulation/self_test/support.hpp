#pragma once

#include <cstddef>
#include <functional>
#include <type_traits>
#include <vector>

#include <cuda_runtime.h>
#include <doctest/doctest.h>

#include "cuda_emulation.hpp"

namespace cuda_emulation::testing {

/// An array of the device, filled from and read back by the host.
template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(const std::vector<T>& values) : size_(values.size()) {
    REQUIRE(cudaMalloc(&data_, size_ * sizeof(T)) == cudaSuccess);
    REQUIRE(cudaMemcpy(data_, values.data(), size_ * sizeof(T), cudaMemcpyHostToDevice) ==
            cudaSuccess);
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() const { return data_; }
  std::vector<T> values() const {
    std::vector<T> result(size_);
    REQUIRE(cudaMemcpy(result.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost) ==
            cudaSuccess);
    return result;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_;
};

template <typename... Parameters, typename... Arguments>
cudaError_t run(dim3 grid, dim3 block, void (*kernel)(Parameters...), Arguments... arguments) {
  const cudaLaunchConfig_t config = {grid, block, 0, nullptr, nullptr, 0};
  return cudaLaunchKernelEx(&config, kernel, arguments...);
}

class Stream {
 public:
  explicit Stream(unsigned flags = cudaStreamNonBlocking) {
    REQUIRE(cudaStreamCreateWithFlags(&stream_, flags) == cudaSuccess);
  }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  operator cudaStream_t() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

/// An array of the host that a captured copy may touch.
template <typename T>
class PinnedArray {
 public:
  explicit PinnedArray(std::size_t size) {
    REQUIRE(cudaMallocHost(&data_, size * sizeof(T)) == cudaSuccess);
  }
  ~PinnedArray() { cudaFreeHost(data_); }
  PinnedArray(const PinnedArray&) = delete;
  PinnedArray& operator=(const PinnedArray&) = delete;
  T* data() const { return data_; }
  T& operator[](std::size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
};

/// What `body` captures in the stream; null where that fails, with the error of the end.
template <typename Body>
cudaGraph_t captured(cudaStream_t stream,
                     const Body& body,
                     cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal,
                     cudaError_t expected = cudaSuccess) {
  REQUIRE(cudaStreamBeginCapture(stream, mode) == cudaSuccess);
  body();
  cudaGraph_t graph = nullptr;
  CHECK(cudaStreamEndCapture(stream, &graph) == expected);
  CHECK((graph != nullptr) == (expected == cudaSuccess));
  cudaGetLastError();
  return graph;
}

/// A captured graph and its instance.
class Graph {
 public:
  template <typename Body>
  Graph(cudaStream_t stream, const Body& body, unsigned long long flags = 0)
      : graph_(captured(stream, body)) {
    REQUIRE(cudaGraphInstantiate(&exec_, graph_, flags) == cudaSuccess);
  }
  ~Graph() {
    cudaGraphExecDestroy(exec_);
    cudaGraphDestroy(graph_);
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  cudaGraph_t graph() const { return graph_; }
  cudaError_t launch(cudaStream_t stream) const {
    const cudaError_t error = cudaGraphLaunch(exec_, stream);
    CHECK(cudaGetLastError() == error);
    return error;
  }

 private:
  cudaGraph_t graph_ = nullptr;
  cudaGraphExec_t exec_ = nullptr;
};

/// What a child process that runs `body` dies of: its signal, -1 for a report of the address
/// sanitizer, 0 when it lives.
int death_of(const std::function<void()>& body);

inline constexpr Order kOrders[] = {Order::forward, Order::backward, Order::shuffled};

/// The order while the object lives.
class WithOrder {
 public:
  explicit WithOrder(Order order) { set_thread_order(order, 7); }
  ~WithOrder() { reset_settings(); }
  WithOrder(const WithOrder&) = delete;
  WithOrder& operator=(const WithOrder&) = delete;
};

}  // namespace cuda_emulation::testing
