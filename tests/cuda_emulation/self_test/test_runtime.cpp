#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "support.hpp"

namespace cuda_emulation::testing {
namespace {

__global__ void add_one(int* x) { atomicAdd(x, 1); }

__global__ void use_atomics(int* i, unsigned* u, unsigned long long* ull, float* f, double* d) {
  const int t = static_cast<int>(threadIdx.x);
  const unsigned n = threadIdx.x;
  atomicAdd(&i[0], t);
  atomicMax(&i[1], t);
  atomicMin(&i[2], -t);
  atomicAdd(&u[0], n);
  atomicOr(&u[1], 1u << t);
  atomicCAS(&u[2], 0u, 7u);
  atomicAdd(&ull[0], 1ull << 40);
  atomicExch(&ull[1], 5ull);
  atomicAdd(f, 0.5f);
  atomicAdd(d, 0.25);
  __threadfence();
}

TEST_CASE("atomics update what they point to") {
  const DeviceArray<int> i({0, 0, 0});
  const DeviceArray<unsigned> u({0, 0, 0});
  const DeviceArray<unsigned long long> ull({0, 0});
  const DeviceArray<float> f({0});
  const DeviceArray<double> d({0});
  CHECK(run(1, 32, use_atomics, i.data(), u.data(), ull.data(), f.data(), d.data()) == cudaSuccess);
  CHECK(i.values() == std::vector<int>{496, 31, -31});
  CHECK(u.values() == std::vector<unsigned>{496, ~0u, 7});
  CHECK(ull.values() == std::vector<unsigned long long>{32ull << 40, 5});
  CHECK(f.values() == std::vector<float>{16});
  CHECK(d.values() == std::vector<double>{8});
}

TEST_CASE("intrinsics answer as CUDA documents") {
  CHECK(__popc(0xF0Fu) == 8);
  CHECK(__popcll(~0ull) == 64);
  CHECK(__ffs(0) == 0);
  CHECK(__ffs(8) == 4);
  CHECK(__clz(1) == 31);
  CHECK(__clz(0) == 32);
  CHECK(__brev(1u) == 0x80000000u);
  CHECK(__brev(0x0000000Fu) == 0xF0000000u);
  CHECK(__float_as_uint(1.0f) == 0x3F800000u);
  CHECK(__uint_as_float(0x40000000u) == 2.0f);
  CHECK(__float2int_rn(2.5f) == 2);
  CHECK(__float2int_rn(-3.7f) == -4);
  CHECK(__float2int_rn(1e20f) == 2147483647);
  CHECK(__fmaf_rn(2.0f, 3.0f, 1.0f) == 7.0f);
  const float x = 1.0f + 0x1p-12f;
  CHECK(__fadd_rn(__fmul_rn(x, x), -1.0f) == 0x1p-11f);
  CHECK(__fmaf_rn(x, x, -1.0f) == 0x1p-11f + 0x1p-24f);
  CHECK(min(2u, 3u) == 2u);
  CHECK(max(-2, 3) == 3);
  CHECK(max(NAN, 3.0f) == 3.0f);
}

TEST_CASE("a launch outside the limits of a card is refused and remembered") {
  const DeviceArray<int> x({0});
  const auto refused = [&x](dim3 grid, dim3 block) {
    CHECK(run(grid, block, add_one, x.data()) == cudaErrorInvalidConfiguration);
    CHECK(cudaPeekAtLastError() == cudaErrorInvalidConfiguration);
    CHECK(cudaGetLastError() == cudaErrorInvalidConfiguration);
    CHECK(cudaGetLastError() == cudaSuccess);
  };
  refused(0, 32);
  refused(1, 0);
  refused(1, 1025);
  refused(1, dim3(32, 33));
  refused(dim3(1, 65536), 32);
  refused(0x80000000u, 32);
  const cudaLaunchConfig_t shared = {1, 1, 16, nullptr, nullptr, 0};
  CHECK(cudaLaunchKernelEx(&shared, add_one, x.data()) == cudaErrorInvalidConfiguration);
  CHECK(x.values() == std::vector<int>{0});
  cudaGetLastError();
}

TEST_CASE("a card's kernels take its own memory, in a stream of the current card") {
  set_device_count(2);
  const DeviceArray<int> first({0});
  REQUIRE(cudaSetDevice(1) == cudaSuccess);
  const DeviceArray<int> second({0});
  const Stream stream;
  cudaEvent_t event = nullptr;
  REQUIRE(cudaEventCreate(&event) == cudaSuccess);
  CHECK(run(1, 1, add_one, second.data()) == cudaSuccess);
  CHECK_THROWS_WITH_AS(
      run(1, 1, add_one, first.data()),
      doctest::Contains("holds memory of card 0 at its byte 0, but runs on card 1"),
      EmulationError);
  REQUIRE(cudaSetDevice(0) == cudaSuccess);
  const cudaLaunchConfig_t there = {1, 1, 0, stream, nullptr, 0};
  CHECK(cudaLaunchKernelEx(&there, add_one, second.data()) == cudaErrorInvalidResourceHandle);
  const Stream here;
  CHECK(cudaEventRecord(event, here) == cudaErrorInvalidResourceHandle);
  CHECK(cudaEventRecord(event, stream) == cudaSuccess);
  void* of_stream = nullptr;  // on the stream's card, whichever is the current one
  REQUIRE(cudaMallocAsync(&of_stream, 4, stream) == cudaSuccess);
  CHECK_THROWS_AS(run(1, 1, add_one, static_cast<int*>(of_stream)), EmulationError);
  CHECK(cudaMemcpy(of_stream, first.data(), 4, cudaMemcpyDefault) == cudaSuccess);
  CHECK(cudaFree(of_stream) == cudaSuccess);
  CHECK(second.values() == std::vector<int>{1});
  CHECK(first.values() == std::vector<int>{0});
  cudaEventDestroy(event);
  cudaGetLastError();
  reset_settings();
}

struct Padded {
  float before;
  int* pointer;
};

__global__ void take(Padded padded) { *padded.pointer += static_cast<int>(padded.before); }

TEST_CASE("what lies between the members of an argument is no address") {
  const DeviceArray<int> x({0});
  std::vector<int> host(1);
  const auto launch_with = [&](std::uintptr_t garbage, int* pointer) {
    std::vector<Padded> padded(1);
    std::memcpy(static_cast<void*>(padded.data()), &garbage, sizeof garbage);  // padding and all
    padded[0].pointer = pointer;
    const cudaLaunchConfig_t config = {1, 1, 0, nullptr, nullptr, 0};
    return cudaLaunchKernelEx(&config, take, padded[0]);
  };
  CHECK(launch_with(reinterpret_cast<std::uintptr_t>(host.data()), x.data()) == cudaSuccess);
  CHECK_THROWS_AS(launch_with(0, host.data()), EmulationError);
}

TEST_CASE("failures are injected one by one") {
  const DeviceArray<int> x({0});
  int count = -1;
  set_device_count(0);
  CHECK(cudaGetDeviceCount(&count) == cudaErrorNoDevice);
  CHECK(count == 0);
  void* data = nullptr;
  CHECK(cudaMalloc(&data, 4) == cudaErrorNoDevice);
  set_driver_missing(true);
  CHECK(cudaSetDevice(0) == cudaErrorInsufficientDriver);
  int version = -1;
  CHECK(cudaDriverGetVersion(&version) == cudaSuccess);
  CHECK(version == 0);
  reset_settings();
  set_kernel_image_missing(true);
  CHECK(run(1, 1, add_one, x.data()) == cudaErrorNoKernelImageForDevice);
  reset_settings();
  next_launch_fails(cudaErrorIllegalAddress);
  CHECK(run(1, 1, add_one, x.data()) == cudaErrorIllegalAddress);
  const std::uint64_t before = launches();
  CHECK(run(1, 1, add_one, x.data()) == cudaSuccess);
  CHECK(launches() == before + 1);
  CHECK(x.values() == std::vector<int>{1});
  CHECK(cudaSetDevice(1) == cudaErrorInvalidDevice);
  CHECK(std::string(cudaGetErrorName(cudaErrorInvalidDevice)) == "cudaErrorInvalidDevice");
  cudaGetLastError();
}

TEST_CASE("events take real time") {
  cudaEvent_t start = nullptr, end = nullptr, untimed = nullptr;
  CHECK(cudaEventCreate(&start) == cudaSuccess);
  CHECK(cudaEventCreate(&end) == cudaSuccess);
  CHECK(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming) == cudaSuccess);
  float milliseconds = -1;
  CHECK(cudaEventElapsedTime(&milliseconds, start, end) == cudaErrorInvalidResourceHandle);
  CHECK(cudaEventRecord(start) == cudaSuccess);
  CHECK(cudaEventRecord(end) == cudaSuccess);
  CHECK(cudaEventRecord(untimed) == cudaSuccess);
  CHECK(cudaEventSynchronize(end) == cudaSuccess);
  CHECK(cudaEventQuery(end) == cudaSuccess);
  CHECK(cudaEventElapsedTime(&milliseconds, start, end) == cudaSuccess);
  CHECK(milliseconds >= 0);
  CHECK(cudaEventElapsedTime(&milliseconds, start, untimed) == cudaErrorInvalidResourceHandle);
  for (const cudaEvent_t event : {start, end, untimed})
    CHECK(cudaEventDestroy(event) == cudaSuccess);
  CHECK(cudaEventDestroy(start) == cudaErrorInvalidResourceHandle);
  cudaGetLastError();
}

TEST_CASE("a device tells its properties") {
  cudaDeviceProp properties;
  CHECK(cudaGetDeviceProperties(&properties, 0) == cudaSuccess);
  CHECK(std::string(properties.name) == "CUDA emulation");
  CHECK(properties.warpSize == 32);
  cudaMemPool_t pool = nullptr;
  CHECK(cudaDeviceGetDefaultMemPool(&pool, 0) == cudaSuccess);
  std::uint64_t threshold = ~std::uint64_t{0};
  CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold) == cudaSuccess);
  CHECK(cudaMemPoolTrimTo(pool, 0) == cudaSuccess);
}

}  // namespace
}  // namespace cuda_emulation::testing
