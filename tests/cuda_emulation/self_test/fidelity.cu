// A bit of everything that the emulation covers, in one program that compiles and runs with CUDA as
// with the emulation: nvcc -std=c++20 fidelity.cu -lcublas -lcusparse, or g++ -x c++.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cusparse.h>

#include <cub/cub.cuh>

namespace {

template <typename Status>
void must(Status status, int line = __builtin_LINE()) {
  if (static_cast<int>(status) == 0) return;
  std::printf("line %d: status %d\n", line, static_cast<int>(status));
  std::exit(1);
}

void must_hold(bool fact, int line = __builtin_LINE()) { must(fact ? 0 : 1, line); }

struct Arguments {
  const float* x;
  float* y;
  unsigned* words;
  int size;
};

__device__ __forceinline__ float warp_sum(float value) {
  for (int distance = 16; distance > 0; distance /= 2)
    value += __shfl_xor_sync(0xffffffffu, value, distance);
  return value;
}

// Where x is 1 everywhere, y[i] becomes 133 + 32 * (i / 32).
template <int kBlock>
__global__ void __launch_bounds__(kBlock)
    everything(const Arguments a, unsigned long long* total, double* sum) {
  __shared__ float sums[kBlock];
  const int thread = static_cast<int>(threadIdx.x);
  const int lane = thread % warpSize;
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const float value = i < a.size ? __ldg(a.x + i) : 0.0f;
  sums[thread] = warp_sum(value);
  __syncthreads();
  const unsigned word = __ballot_sync(0xffffffffu, value > 0.5f);
  if (lane == 0) a.words[i / 32] = __brev(word);
  const int any = __any_sync(0xffffffffu, value > 0.5f);
  const int all = __all_sync(0xffffffffu, value > 0.5f);
  const float up = __shfl_up_sync(0xffffffffu, value, 1);
  const float down = __shfl_down_sync(0xffffffffu, value, 1, 16);
  const long long first = __shfl_sync(0xffffffffu, static_cast<long long>(i), 0);
  __syncwarp();
  const int votes =
      __syncthreads_count(value > 0.5f) + __syncthreads_or(any) + __syncthreads_and(all);
  const int bits = __popc(word) + __ffs(static_cast<int>(word)) +
                   __clz(static_cast<int>(word >> 1)) + __popcll(1ull);
  float result = fmaf(up, down, __fmul_rn(sums[thread ^ 1], value) - 1.0f);
  result += __fadd_rn(__fmaf_rn(value, value, -1.0f), static_cast<float>(first + votes + bits));
  result += max(value, 0.25f) - static_cast<float>(min(votes, 1));
  result += std::isfinite(expf(-value)) ? 0.0f : 1.0f;
  result += __uint_as_float(__float_as_uint(0.0f)) + static_cast<float>(__float2int_rn(0.2f));
  if (i < a.size) a.y[i] = result + static_cast<float>(__fma_rn(0.0, 1.0, 0.0));
  atomicAdd(total, 1ull);
  atomicAdd(sum, 0.5);
  __threadfence();
  unsigned* const last = a.words + 4;
  atomicMax(&last[0], static_cast<unsigned>(i));
  atomicMin(&last[1], static_cast<unsigned>(i));
  atomicOr(&last[2], 1u << lane);
  atomicCAS(&last[3], 0u, 1u);
  atomicExch(&last[4], 3u);
}

constexpr std::size_t kSize = 128;

template <typename T>
T* device_array(const std::vector<T>& values) {
  T* data = nullptr;
  must(cudaMalloc(&data, values.size() * sizeof(T)));
  must(cudaMemcpy(data, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  return data;
}

template <typename T>
std::vector<T> values_of(const T* data, std::size_t size) {
  std::vector<T> result(size);
  must(cudaMemcpy(result.data(), data, size * sizeof(T), cudaMemcpyDeviceToHost));
  return result;
}

void launch_by_graph(cudaStream_t stream) {
  float* x = device_array(std::vector<float>(kSize, 1.0f));
  float* y = device_array(std::vector<float>(kSize));
  unsigned* words = device_array(std::vector<unsigned>(16));
  auto* total = device_array(std::vector<unsigned long long>(1));
  double* sum = device_array(std::vector<double>(1));
  must(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(2);
  config.blockDim = 64;
  config.stream = stream;
  must(cudaLaunchKernelEx(
      &config, everything<64>, Arguments{x, y, words, static_cast<int>(kSize)}, total, sum));
  cudaStreamCaptureStatus status;
  must(cudaStreamIsCapturing(stream, &status));
  must_hold(status == cudaStreamCaptureStatusActive);
  cudaGraph_t graph;
  must(cudaStreamEndCapture(stream, &graph));
  cudaGraphExec_t exec;
  must(cudaGraphInstantiate(&exec, graph, 0));
  must(cudaGraphLaunch(exec, stream));
  must(cudaGraphLaunch(exec, stream));
  must(cudaStreamSynchronize(stream));
  must_hold(values_of(total, 1)[0] == 2 * kSize);
  must_hold(values_of(sum, 1)[0] == kSize);
  const std::vector<float> results = values_of(y, kSize);
  for (std::size_t i = 0; i < kSize; ++i)
    must_hold(results[i] == static_cast<float>(133 + i / 32 * 32));
  must_hold(values_of(words, 16) ==
            std::vector<unsigned>{~0u, ~0u, ~0u, ~0u, 127, 0, ~0u, 1, 3, 0, 0, 0, 0, 0, 0, 0});
  must(cudaGraphExecDestroy(exec));
  must(cudaGraphDestroy(graph));
  for (void* data : std::vector<void*>{x, y, words, total, sum}) must(cudaFree(data));
}

// Copies through memory of the graph, which is freed by the graph, from outside, or at the next
// launch.
void use_graph_memory(cudaStream_t stream) {
  float* host = nullptr;
  must(cudaMallocHost(&host, 2 * sizeof(float)));
  for (const bool freed_inside : {true, false}) {
    float* memory = nullptr;
    must(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    must(cudaMallocAsync(&memory, 2 * sizeof(float), stream));
    must(cudaMemcpyAsync(memory, host, sizeof(float), cudaMemcpyHostToDevice, stream));
    must(cudaMemsetAsync(memory + 1, 0, sizeof(float), stream));
    must(cudaMemcpyAsync(host, memory, 2 * sizeof(float), cudaMemcpyDeviceToHost, stream));
    if (freed_inside) must(cudaFreeAsync(memory, stream));
    cudaGraph_t graph;
    must(cudaStreamEndCapture(stream, &graph));
    for (const unsigned long long flags : {0ull, 1ull * cudaGraphInstantiateFlagAutoFreeOnLaunch}) {
      cudaGraphExec_t exec;
      must(cudaGraphInstantiate(&exec, graph, flags));
      const auto launch_and_check = [&](float value) {
        host[0] = value;
        host[1] = NAN;
        must(cudaGraphLaunch(exec, stream));
        must(cudaStreamSynchronize(stream));
        must_hold(host[0] == value && host[1] == 0);
      };
      launch_and_check(1);
      if (!freed_inside && flags == 0) {
        must_hold(cudaGraphLaunch(exec, stream) == cudaErrorInvalidValue);
        must_hold(cudaGetLastError() == cudaErrorInvalidValue);
        must_hold(values_of(memory, 2) == std::vector<float>{1, 0});
        must(cudaFreeAsync(memory, stream));
      }
      launch_and_check(2);
      if (!freed_inside) must(cudaFreeAsync(memory, stream));
      must(cudaStreamSynchronize(stream));
      must(cudaGraphExecDestroy(exec));
    }
    must(cudaGraphDestroy(graph));
  }
  must(cudaFreeHost(host));
  must(cudaDeviceGraphMemTrim(0));
}

// Waiting for a capturing stream ends the capture; a relaxed one allows to allocate.
void spoil_a_capture(cudaStream_t stream) {
  float* data = nullptr;
  must(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  must(cudaMalloc(&data, 4));
  must_hold(cudaStreamSynchronize(stream) == cudaErrorStreamCaptureUnsupported);
  cudaStreamCaptureStatus status;
  must(cudaStreamIsCapturing(stream, &status));
  must_hold(status == cudaStreamCaptureStatusInvalidated);
  cudaGraph_t graph = nullptr;
  must_hold(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);
  must_hold(graph == nullptr);
  cudaGetLastError();
  must(cudaStreamSynchronize(stream));
  must(cudaFree(data));
}

void use_cub(cudaStream_t stream) {
  unsigned* x = device_array(std::vector<unsigned>{3, 1, 2});
  unsigned* y = device_array(std::vector<unsigned>(3));
  auto* keys = device_array(std::vector<std::uint16_t>{3, 1, 2});
  auto* sorted = device_array(std::vector<std::uint16_t>(3));
  int* offsets = device_array(std::vector<int>{0, 1, 3});
  std::size_t bytes = 0, most = 0;
  void* storage = nullptr;
  for (int pass = 0; pass < 2; ++pass) {
    const auto keep = [&most, &bytes](cudaError_t error) {
      must(error);
      most = bytes > most ? bytes : most;
      bytes = most;
    };
    keep(cub::DeviceScan::ExclusiveSum(storage, bytes, x, y, 3, stream));
    if (pass == 1) must_hold(values_of(y, 3) == std::vector<unsigned>{0, 3, 4});
    keep(cub::DeviceScan::InclusiveSum(storage, bytes, x, y, 3, stream));
    if (pass == 1) must_hold(values_of(y, 3) == std::vector<unsigned>{3, 4, 6});
    keep(cub::DeviceRadixSort::SortPairs(
        storage, bytes, keys, sorted, x, y, 3, 0, static_cast<int>(sizeof(*keys) * 8), stream));
    if (pass == 1) must_hold(values_of(y, 3) == std::vector<unsigned>{1, 2, 3});
    keep(cub::DeviceReduce::Sum(storage, bytes, x, y, 3, stream));
    keep(cub::DeviceReduce::Max(storage, bytes, x, y + 1, 3, stream));
    if (pass == 1) must_hold(values_of(y, 2) == std::vector<unsigned>{6, 3});
    keep(cub::DeviceSegmentedReduce::Sum(storage, bytes, x, y, 2, offsets, offsets + 1, stream));
    if (pass == 1) must_hold(values_of(y, 2) == std::vector<unsigned>{3, 3});
    if (pass == 0) must(cudaMalloc(&storage, most));
  }
  for (void* data : std::vector<void*>{x, y, keys, sorted, offsets, storage}) must(cudaFree(data));
}

void use_cublas(cudaStream_t stream) {
  cublasHandle_t handle;
  must(cublasCreate(&handle));
  must(cublasSetStream(handle, stream));
  must(cublasSetMathMode(handle, CUBLAS_PEDANTIC_MATH));
  must(cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_HOST));
  float* a = device_array(std::vector<float>{1, 2, 3, 4});
  float* c = device_array(std::vector<float>{NAN, NAN, NAN, NAN});
  const float one = 1, zero = 0;
  must(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_T, 2, 2, 2, &one, a, 2, a, 2, &zero, c, 2));
  must(cudaStreamSynchronize(stream));
  must_hold(values_of(c, 4) == std::vector<float>{10, 14, 14, 20});
  must(cublasSgemv(handle, CUBLAS_OP_T, 2, 2, &one, a, 2, a, 1, &zero, c, 1));
  must(cudaStreamSynchronize(stream));
  must_hold(values_of(c, 2) == std::vector<float>{5, 11});
  must_hold(cublasGetStatusString(CUBLAS_STATUS_SUCCESS)[0] == 'C');
  for (void* data : std::vector<void*>{a, c}) must(cudaFree(data));
  must(cublasDestroy(handle));
}

void use_cusparse(cudaStream_t stream) {
  constexpr auto kN = CUSPARSE_OPERATION_NON_TRANSPOSE, kT = CUSPARSE_OPERATION_TRANSPOSE;
  cusparseHandle_t handle;
  must(cusparseCreate(&handle));
  must(cusparseSetStream(handle, stream));
  int* offsets = device_array(std::vector<int>{0, 2, 3});
  int* columns = device_array(std::vector<int>{0, 0, 2});  // a column twice in a row
  float* values = device_array(std::vector<float>{1, 2, 3});
  float* in = device_array(std::vector<float>{1, 2, 3, 4, 5, 6});
  float* out = device_array(std::vector<float>(4, NAN));
  cusparseSpMatDescr_t sparse;
  must(cusparseCreateCsr(&sparse,
                         2,
                         3,
                         3,
                         offsets,
                         columns,
                         values,
                         CUSPARSE_INDEX_32I,
                         CUSPARSE_INDEX_32I,
                         CUSPARSE_INDEX_BASE_ZERO,
                         CUDA_R_32F));
  cusparseDnMatDescr_t b, c;
  must(cusparseCreateDnMat(&b, 3, 2, 2, in, CUDA_R_32F, CUSPARSE_ORDER_ROW));
  must(cusparseCreateDnMat(&c, 2, 2, 2, out, CUDA_R_32F, CUSPARSE_ORDER_ROW));
  const float one = 1, zero = 0;
  std::size_t spmm_bytes = 0, sddmm_bytes = 0;
  constexpr auto kFloat = CUDA_R_32F;
  constexpr auto kSpmm = CUSPARSE_SPMM_CSR_ALG2;
  constexpr auto kSddmm = CUSPARSE_SDDMM_ALG_DEFAULT;
  must(cusparseSpMM_bufferSize(
      handle, kN, kN, &one, sparse, b, &zero, c, kFloat, kSpmm, &spmm_bytes));
  must(cusparseSDDMM_bufferSize(
      handle, kN, kT, &one, c, b, &zero, sparse, kFloat, kSddmm, &sddmm_bytes));
  void* buffer = nullptr;
  must(cudaMalloc(&buffer, spmm_bytes + sddmm_bytes + 256));
  must(cusparseSpMM(handle, kN, kN, &one, sparse, b, &zero, c, kFloat, kSpmm, buffer));
  must(cudaStreamSynchronize(stream));
  must_hold(values_of(out, 4) == std::vector<float>{3, 6, 15, 18});
  must(cusparseSDDMM(handle, kN, kT, &one, c, b, &zero, sparse, kFloat, kSddmm, buffer));
  must(cudaStreamSynchronize(stream));
  must_hold(values_of(values, 3) == std::vector<float>{15, 15, 183});
  must_hold(cusparseGetErrorString(CUSPARSE_STATUS_SUCCESS) != nullptr);
  must(cusparseDestroyDnMat(b));
  must(cusparseDestroyDnMat(c));
  must(cusparseDestroySpMat(sparse));
  must(cusparseDestroy(handle));
  for (void* data : std::vector<void*>{offsets, columns, values, in, out, buffer})
    must(cudaFree(data));
}

void use_pool_and_events(cudaStream_t stream) {
  cudaMemPool_t pool;
  must(cudaDeviceGetDefaultMemPool(&pool, 0));
  std::uint64_t keep = ~std::uint64_t{0};
  must(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep));
  cudaEvent_t start, end;
  must(cudaEventCreate(&start));
  must(cudaEventCreateWithFlags(&end, cudaEventBlockingSync));
  must(cudaEventRecord(start, stream));
  float* data = nullptr;
  float* host = nullptr;
  must(cudaMallocAsync(&data, 64, stream));
  must(cudaMallocHost(&host, 64));
  must(cudaMemsetAsync(data, 0, 64, stream));
  must(cudaMemcpyAsync(host, data, 64, cudaMemcpyDefault, stream));
  must(cudaFreeAsync(data, stream));
  must(cudaEventRecord(end, stream));
  must(cudaStreamWaitEvent(stream, end));
  must(cudaEventSynchronize(end));
  must(cudaEventQuery(end));
  float milliseconds = -1;
  must(cudaEventElapsedTime(&milliseconds, start, end));
  must_hold(milliseconds >= 0 && host[15] == 0);
  must(cudaFreeHost(host));
  must(cudaEventDestroy(start));
  must(cudaEventDestroy(end));
  must(cudaMemPoolTrimTo(pool, 0));
}

}  // namespace

int main() {
  int devices = 0, version = 0;
  must(cudaGetDeviceCount(&devices));
  must(cudaSetDevice(0));
  must(cudaDriverGetVersion(&version));
  cudaDeviceProp properties;
  must(cudaGetDeviceProperties(&properties, 0));
  cudaStream_t stream;
  must(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  launch_by_graph(stream);
  use_graph_memory(stream);
  spoil_a_capture(stream);
  use_cub(stream);
  use_cublas(stream);
  use_cusparse(stream);
  use_pool_and_events(stream);
  must(cudaStreamDestroy(stream));
  must(cudaDeviceSynchronize());
  must(cudaGetLastError());
  std::printf(
      "%s, compute %d.%d: all as expected\n", properties.name, properties.major, properties.minor);
  return 0;
}
