#include <set>
#include <string>

#include "support.hpp"

namespace cuda_emulation::testing {
namespace {

__global__ void block_sum(const float* x, float* sums) {
  __shared__ float partial[64];
  const unsigned t = threadIdx.x;
  partial[t] = x[blockIdx.x * blockDim.x + t];
  __syncthreads();
  for (unsigned step = blockDim.x / 2; step > 0; step /= 2) {
    if (t < step) partial[t] += partial[t + step];
    __syncthreads();
  }
  if (t == 0) sums[blockIdx.x] = partial[0];
}

TEST_CASE("a block's sum is the same in every order of threads") {
  std::vector<float> x(192);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  const DeviceArray<float> in(x);
  for (const Order order : kOrders) {
    const WithOrder guard(order);
    const DeviceArray<float> sums(std::vector<float>(3));
    CHECK(run(3, 64, block_sum, in.data(), sums.data()) == cudaSuccess);
    CHECK(sums.values() == std::vector<float>{2016, 6112, 10208});
  }
}

__global__ void reverse_without_barrier(int* x) {
  __shared__ int copy[8];
  copy[threadIdx.x] = x[threadIdx.x];
  x[threadIdx.x] = copy[7 - threadIdx.x];
}

TEST_CASE("a missing barrier gives different results in different orders") {
  std::set<std::vector<int>> results;
  for (const Order order : {Order::forward, Order::backward}) {
    const WithOrder guard(order);
    const DeviceArray<int> x({1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(run(1, 8, reverse_without_barrier, x.data()) == cudaSuccess);
    results.insert(x.values());
  }
  CHECK(results.size() == 2);
}

__global__ void place(unsigned* out) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  const unsigned threads = blockDim.x * blockDim.y * blockDim.z;
  atomicAdd(&out[block * threads + thread], block * threads + thread);
}

TEST_CASE("every thread of a three-dimensional grid runs once and knows its place") {
  for (const Order order : kOrders) {
    const WithOrder guard(order);
    const DeviceArray<unsigned> out(std::vector<unsigned>(24 * 30));
    CHECK(run(dim3(2, 3, 4), dim3(5, 3, 2), place, out.data()) == cudaSuccess);
    const std::vector<unsigned> values = out.values();
    for (unsigned i = 0; i < values.size(); ++i) REQUIRE(values[i] == i);
  }
}

__global__ void votes(unsigned* out) {
  const int t = static_cast<int>(threadIdx.x);
  const unsigned ballot = __ballot_sync(~0u, t % 3 == 0);
  const int any = __any_sync(~0u, t == 40);
  const int all = __all_sync(~0u, t < 40);
  const int some = __syncthreads_or(t == 17);
  const int each = __syncthreads_and(t != 17);
  const int count = __syncthreads_count(t < 50);
  if (t % 32 != 0) return;
  unsigned* row = out + t / 32 * 6;
  const unsigned answers[] = {ballot,
                              static_cast<unsigned>(any),
                              static_cast<unsigned>(all),
                              static_cast<unsigned>(some),
                              static_cast<unsigned>(each),
                              static_cast<unsigned>(count)};
  for (int i = 0; i < 6; ++i) row[i] = answers[i];
}

TEST_CASE("votes are counted over a warp and over a block, a last warp in part") {
  for (const Order order : kOrders) {
    const WithOrder guard(order);
    const DeviceArray<unsigned> out(std::vector<unsigned>(12));
    CHECK(run(1, 60, votes, out.data()) == cudaSuccess);
    CHECK(out.values() ==
          std::vector<unsigned>{0x49249249u, 0, 1, 1, 0, 50, 0x02492492u, 1, 0, 1, 0, 50});
  }
}

template <typename T>
__global__ void shuffles(T* out) {
  const int lane = static_cast<int>(threadIdx.x);
  const T value = static_cast<T>(lane + 100);
  out[lane] = __shfl_sync(~0u, value, 3);
  out[32 + lane] = __shfl_sync(~0u, value, 9, 8);
  out[64 + lane] = __shfl_up_sync(~0u, value, 1);
  out[96 + lane] = __shfl_down_sync(~0u, value, 2, 4);
  out[128 + lane] = __shfl_xor_sync(~0u, value, 16);
}

template <typename T>
void check_shuffles() {
  const DeviceArray<T> out(std::vector<T>(160));
  CHECK(run(1, 32, shuffles<T>, out.data()) == cudaSuccess);
  const std::vector<T> got = out.values();
  for (std::size_t lane = 0; lane < 32; ++lane) {
    const std::size_t expected[] = {
        3, lane / 8 * 8 + 1, lane == 0 ? 0 : lane - 1, lane % 4 < 2 ? lane + 2 : lane, lane ^ 16};
    for (std::size_t row = 0; row < 5; ++row)
      REQUIRE(got[row * 32 + lane] == static_cast<T>(expected[row] + 100));
  }
}

TEST_CASE("shuffles move four and eight bytes between lanes") {
  check_shuffles<int>();
  check_shuffles<unsigned>();
  check_shuffles<float>();
  check_shuffles<double>();
  check_shuffles<long long>();
  check_shuffles<unsigned long long>();
}

__global__ void halves(unsigned* out) {
  const unsigned lane = threadIdx.x;
  if (lane < 16) {
    out[lane] = __ballot_sync(0x0000ffffu, lane < 4);
  } else {
    out[lane] = __ballot_sync(0xffff0000u, lane < 20);
  }
}

TEST_CASE("two parts of a warp vote apart") {
  const DeviceArray<unsigned> out(std::vector<unsigned>(32));
  CHECK(run(1, 32, halves, out.data()) == cudaSuccess);
  CHECK(out.values()[7] == 0xfu);
  CHECK(out.values()[31] == 0xf0000u);
}

__global__ void lanes_disagree() {
  if (threadIdx.x < 7) {
    __ballot_sync(~0u, 1);
  } else {
    __shfl_sync(~0u, 1, 0);
  }
}

__global__ void thread_leaves() {
  if (threadIdx.x == 5) return;
  __syncthreads();
}

__global__ void barrier_in_both_branches() {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

__global__ void mask_lacks_caller() { __syncwarp(1); }

template <typename Kernel>
std::string message_of(Kernel kernel, unsigned threads) {
  try {
    run(2, threads, kernel);
  } catch (const EmulationError& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("a hang is told with the threads that wait and what each waits at") {
  const WithOrder guard(Order::forward);
  const std::string lanes = message_of(lanes_disagree, 32);
  CHECK(lanes.find("block (0, 0, 0)") != std::string::npos);
  CHECK(lanes.find("lane 0 waits at __ballot_sync") != std::string::npos);
  CHECK(lanes.find("while lane 7 waits at __shfl_sync") != std::string::npos);
  CHECK(lanes.find("test_threads.cpp:") != std::string::npos);

  const std::string leaves = message_of(thread_leaves, 64);
  CHECK(leaves.find("thread (0, 0, 0) waits at __syncthreads") != std::string::npos);
  CHECK(leaves.find("thread (5, 0, 0) has exited") != std::string::npos);

  CHECK(message_of(barrier_in_both_branches, 64).find("while thread (32, 0, 0)") !=
        std::string::npos);
  CHECK(message_of(mask_lacks_caller, 32).find("lane 1 calls __syncwarp") != std::string::npos);
}

TEST_CASE("kernels run after one has hung") {
  for (const Order order : kOrders) {
    const WithOrder guard(order);
    CHECK_THROWS_AS(run(2, 64, thread_leaves), EmulationError);
    const DeviceArray<unsigned> out(std::vector<unsigned>(32));
    CHECK(run(1, 32, halves, out.data()) == cudaSuccess);
  }
}

__global__ void barrier_storm(int* total) {
  __shared__ int round;
  for (int i = 0; i < 50; ++i) {
    if (threadIdx.x == static_cast<unsigned>(i)) round = i;
    __syncthreads();
    if (round == i) atomicAdd(total, 1);
    __syncthreads();
  }
}

TEST_CASE("the largest block meets at a hundred barriers") {
  const DeviceArray<int> total(std::vector<int>(1));
  CHECK(run(3, 1024, barrier_storm, total.data()) == cudaSuccess);
  CHECK(total.values()[0] == 3 * 1024 * 50);
}

}  // namespace
}  // namespace cuda_emulation::testing
