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
