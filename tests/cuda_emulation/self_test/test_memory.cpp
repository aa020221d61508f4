#include <csignal>
#include <cstdint>
#include <string>
#include <thread>

#include "emulation/device_memory.hpp"
#include "emulation/sanitizer.hpp"
#include "support.hpp"

namespace cuda_emulation::testing {
namespace {

__global__ void copy_at(const int* from, int* to, std::ptrdiff_t index) { *to = from[index]; }

TEST_CASE("new device memory is aligned and full of garbage") {
  unsigned char* data = nullptr;
  REQUIRE(cudaMalloc(&data, 100) == cudaSuccess);
  CHECK(reinterpret_cast<std::uintptr_t>(data) % 256 == 0);
  std::vector<unsigned char> host(100);
  CHECK(cudaMemcpy(host.data(), data, 100, cudaMemcpyDeviceToHost) == cudaSuccess);
  CHECK(host == std::vector<unsigned char>(100, 0xCB));
  CHECK(cudaFree(data) == cudaSuccess);
  CHECK(cudaFree(data) == cudaErrorInvalidValue);
  CHECK(cudaGetLastError() == cudaErrorInvalidValue);
}

TEST_CASE("the host dies of a device pointer that it follows, also after a kernel ran") {
  const DeviceArray<int> x({1, 2, 3}), y({0});
  REQUIRE(run(1, 1, copy_at, x.data(), y.data(), std::ptrdiff_t{1}) == cudaSuccess);
  const int death = death_of([&x] { *const_cast<volatile int*>(x.data()) = 1; });
  CHECK((death == SIGSEGV || death == -1));
  CHECK(death_of([] {}) == 0);
  CHECK(y.values() == std::vector<int>{2});
}

TEST_CASE("the address sanitizer catches a kernel beyond its memory and after its end" *
          doctest::skip(!kAddressSanitizer)) {
  const DeviceArray<int> x({1, 2, 3}), y({0});
  for (const std::ptrdiff_t index : {-1, 3, 60})
    CHECK(death_of([&] { run(1, 1, copy_at, x.data(), y.data(), index); }) == -1);
  CHECK(death_of([&] {
          int* freed = nullptr;
          cudaMalloc(&freed, 4);
          cudaFree(freed);
          run(1, 1, copy_at, freed, y.data(), std::ptrdiff_t{0});
        }) == -1);
}

struct Pair {
  int count;
  const int* data;
};

__global__ void take_pair(Pair pair, int* to) { *to = pair.count; }

TEST_CASE("a host pointer in a kernel's arguments is an error that names the argument" *
          doctest::skip(!kAddressSanitizer)) {
  const std::vector<int> host(10);
  const DeviceArray<int> y({0});
  const auto check = [](const auto& launch, const char* text) {
    CHECK_THROWS_WITH_AS(launch(), doctest::Contains(text), EmulationError);
  };
  const auto heap = [&] { run(1, 1, copy_at, host.data(), y.data(), std::ptrdiff_t{0}); };
  const auto inside = [&] { run(1, 1, take_pair, Pair{1, host.data()}, y.data()); };
  check(heap, "argument 1 of the kernel");
  check(inside, "at its byte 8");

  int* pinned = nullptr;
  REQUIRE(cudaMallocHost(&pinned, 4) == cudaSuccess);
  *pinned = 7;
  CHECK(live_pinned_allocations() == 1);
  CHECK(run(1, 1, copy_at, pinned, y.data(), std::ptrdiff_t{0}) == cudaSuccess);
  CHECK(y.values() == std::vector<int>{7});
  CHECK(cudaFreeHost(pinned) == cudaSuccess);
  CHECK(run(1, 1, take_pair, Pair{5, nullptr}, y.data()) == cudaSuccess);
}

TEST_CASE("a copy checks the side and the extent of both ends") {
  std::vector<int> host(4, 9);
  const DeviceArray<int> x({1, 2, 3, 4});
  const auto copy = [](void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    const cudaError_t error = cudaMemcpy(to, from, bytes, kind);
    CHECK(cudaGetLastError() == error);
    return error;
  };
  CHECK(copy(host.data(), x.data(), 16, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(copy(host.data(), x.data(), 16, cudaMemcpyHostToHost) == cudaErrorInvalidValue);
  CHECK(copy(x.data(), host.data(), 16, cudaMemcpyDeviceToDevice) == cudaErrorInvalidValue);
  CHECK(copy(host.data(), x.data(), 17, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
  CHECK(copy(host.data(), x.data() + 1, 16, cudaMemcpyDefault) == cudaErrorInvalidValue);
  CHECK(copy(host.data(), x.data() + 4, 0, cudaMemcpyDeviceToHost) == cudaSuccess);
  CHECK(copy(host.data(), x.data() + 2, 8, cudaMemcpyDefault) == cudaSuccess);
  CHECK(host == std::vector<int>{3, 4, 9, 9});
  CHECK(cudaMemset(x.data() + 1, 0, 8) == cudaSuccess);
  CHECK(x.values() == std::vector<int>{1, 0, 0, 4});
  CHECK(cudaMemset(x.data(), 0, 17) == cudaErrorInvalidValue);
  CHECK(cudaMemset(host.data(), 0, 4) == cudaErrorInvalidValue);
  cudaGetLastError();
}

TEST_CASE("memory above the limit is refused, and all of it is counted") {
  const std::size_t before = live_allocations();
  set_memory_limit(live_bytes() + 1000);
  void* a = nullptr;
  void* b = nullptr;
  CHECK(cudaMalloc(&a, 600) == cudaSuccess);
  std::size_t free = 0, total = 0;
  CHECK(cudaMemGetInfo(&free, &total) == cudaSuccess);
  CHECK(free == 400);
  CHECK(cudaMallocAsync(&b, 401, nullptr) == cudaErrorMemoryAllocation);
  CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
  CHECK(cudaMallocAsync(&b, 400, nullptr) == cudaSuccess);
  CHECK(live_allocations() == before + 2);
  CHECK(cudaFreeAsync(b, nullptr) == cudaSuccess);
  CHECK(cudaFree(a) == cudaSuccess);
  CHECK(live_allocations() == before);
  reset_settings();
  CHECK(cudaMalloc(&a, kDeviceRange) == cudaErrorMemoryAllocation);
  cudaGetLastError();
}

TEST_CASE("gigabytes come and go in a range of four") {
  std::vector<void*> kept;
  for (int round = 0; round < 400; ++round) {
    void* data = nullptr;
    REQUIRE(cudaMalloc(&data, std::size_t{1} << (10 + round % 14)) == cudaSuccess);
    if (round % 50 == 0) {
      kept.push_back(data);
    } else {
      REQUIRE(cudaFree(data) == cudaSuccess);
    }
  }
  for (void* data : kept) CHECK(cudaFree(data) == cudaSuccess);
}

TEST_CASE("threads of the host may launch at the same time") {
  const DeviceArray<int> x({5});
  const auto work = [&x] {
    for (int i = 0; i < 20; ++i) {
      const DeviceArray<int> y({0});
      run(2, 32, copy_at, x.data(), y.data(), std::ptrdiff_t{0});
    }
  };
  std::thread other(work);
  work();
  other.join();
}

}  // namespace
}  // namespace cuda_emulation::testing
