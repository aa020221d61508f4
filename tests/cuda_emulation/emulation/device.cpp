// Devices and memory of the runtime API.

#include <algorithm>
#include <cstring>

#include "cuda_runtime_api.h"
#include "emulation/graph_memory.hpp"
#include "emulation/state.hpp"
#include "emulation/stream.hpp"

using cuda_emulation::Lock;
using cuda_emulation::record_error;
using cuda_emulation::settings;

namespace {

thread_local int current_device = 0;

cudaError_t device_error(int device) {
  const cudaError_t error = cuda_emulation::device_error();
  if (error != cudaSuccess) return error;
  return device < 0 || device >= settings().device_count ? cudaErrorInvalidDevice : cudaSuccess;
}

/// For a call that is refused during capture.
cudaError_t synchronous_call_error() {
  const cudaError_t error = cuda_emulation::device_error();
  return error != cudaSuccess ? error : cuda_emulation::unsafe_call_error();
}

cudaError_t allocate(void** pointer, std::size_t size, int card) {
  if (pointer == nullptr) return cudaErrorInvalidValue;
  *pointer = nullptr;
  if (size == 0) return cudaSuccess;
  *pointer = cuda_emulation::device_allocate(size, settings().memory_limit, card);
  return *pointer == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}

cudaError_t release(void* pointer) {
  if (pointer == nullptr) return cudaSuccess;
  if (auto* const memory = cuda_emulation::GraphMemory::find(pointer)) {
    if (!memory->live() || memory->has_free_node()) return cudaErrorInvalidValue;
    memory->free();
    return cudaSuccess;
  }
  return cuda_emulation::device_free(pointer) ? cudaSuccess : cudaErrorInvalidValue;
}

// What is captured may touch memory of a graph, whose life only the sanitizer follows, but no
// pageable memory of the host, which may be gone when the graph runs.
bool is_valid_on_device(const void* pointer, std::size_t count, bool captured) {
  return captured ? cuda_emulation::is_allocated_range(pointer, count)
                  : cuda_emulation::is_live_range(pointer, count);
}

cudaError_t end_error(const void* pointer, std::size_t count, bool on_device, bool captured) {
  if (on_device)
    return is_valid_on_device(pointer, count, captured) ? cudaSuccess : cudaErrorInvalidValue;
  if (pointer == nullptr || cuda_emulation::is_device_address(pointer))
    return cudaErrorInvalidValue;
  return captured && !cuda_emulation::is_pinned_range(pointer, count)
             ? cudaErrorStreamCaptureUnsupported
             : cudaSuccess;
}

cudaError_t copy_error(
    const void* to, const void* from, std::size_t count, cudaMemcpyKind kind, bool captured) {
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault)
    return cudaErrorInvalidMemcpyDirection;
  if (count == 0) return cudaSuccess;
  bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  if (kind == cudaMemcpyDefault) {
    from_device = cuda_emulation::is_device_address(from);
    to_device = cuda_emulation::is_device_address(to);
  }
  const cudaError_t error = end_error(from, count, from_device, captured);
  return error != cudaSuccess ? error : end_error(to, count, to_device, captured);
}

cudaError_t copy(
    void* to, const void* from, std::size_t count, cudaMemcpyKind kind, cudaStream_t stream) {
  const bool captured = cuda_emulation::is_capturing(stream);
  const cudaError_t error = copy_error(to, from, count, kind, captured);
  if (error != cudaSuccess) return cuda_emulation::refuse(stream, error);
  return cuda_emulation::enqueue(stream, [=] {
    // A graph may outlive its memory.
    if (copy_error(to, from, count, kind, captured) != cudaSuccess) return cudaErrorInvalidValue;
    if (count != 0) std::memcpy(to, from, count);
    return cudaSuccess;
  });
}

cudaError_t fill(void* to, int value, std::size_t count, cudaStream_t stream) {
  const bool captured = cuda_emulation::is_capturing(stream);
  if (!is_valid_on_device(to, count, captured))
    return cuda_emulation::refuse(stream, cudaErrorInvalidValue);
  return cuda_emulation::enqueue(stream, [=] {
    if (!is_valid_on_device(to, count, captured)) return cudaErrorInvalidValue;
    if (count != 0) std::memset(to, value, count);
    return cudaSuccess;
  });
}

}  // namespace

int cuda_emulation::current_card() { return current_device; }

cudaError_t cudaGetDeviceCount(int* count) {
  const Lock lock;
  *count = 0;
  const cudaError_t error = cuda_emulation::device_error();
  if (error == cudaSuccess) *count = settings().device_count;
  return record_error(error);
}

cudaError_t cudaGetDevice(int* device) {
  *device = current_device;
  return record_error(cuda_emulation::device_error());
}

cudaError_t cudaSetDevice(int device) {
  const Lock lock;
  const cudaError_t error = device_error(device);
  if (error == cudaSuccess) current_device = device;
  return record_error(error);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* prop, int device) {
  const Lock lock;
  const cudaError_t error = device_error(device);
  if (error != cudaSuccess) return record_error(error);
  *prop = {.name = "CUDA emulation",
           .totalGlobalMem = settings().memory_limit,
           .sharedMemPerBlock = 48 << 10,
           .warpSize = 32,
           .maxThreadsPerBlock = 1024,
           .maxThreadsDim = {1024, 1024, 64},
           .maxGridSize = {2147483647, 65535, 65535},
           .major = 9,
           .minor = 0,
           .multiProcessorCount = 4,
           .l2CacheSize = 4 << 20,
           .maxThreadsPerMultiProcessor = 2048,
           .sharedMemPerMultiprocessor = 228 << 10};
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  const Lock lock;
  return record_error(cuda_emulation::device_wait_error());
}

cudaError_t cudaDriverGetVersion(int* version) {
  const Lock lock;
  *version = settings().driver_missing ? 0 : CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  const Lock lock;
  const cudaError_t error = cuda_emulation::device_error();
  if (error != cudaSuccess) return record_error(error);
  *total = settings().memory_limit;
  *free = *total - std::min(*total, cuda_emulation::live_bytes());
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** pointer, size_t size) {
  const Lock lock;
  const cudaError_t error = synchronous_call_error();
  return record_error(error != cudaSuccess ? error : allocate(pointer, size, current_device));
}

// Frees also when the tests have taken the device away.
cudaError_t cudaFree(void* pointer) {
  const Lock lock;
  const cudaError_t error = cuda_emulation::unsafe_call_error();
  return record_error(error != cudaSuccess ? error : release(pointer));
}

cudaError_t cudaMallocAsync(void** pointer, size_t size, cudaStream_t stream) {
  const Lock lock;
  const cudaError_t error = cuda_emulation::stream_error(stream);
  if (error != cudaSuccess) return record_error(error);
  return record_error(cuda_emulation::is_capturing(stream)
                          ? cuda_emulation::capture_allocation(pointer, size, stream)
                          : allocate(pointer, size, cuda_emulation::card_of_stream(stream)));
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  const Lock lock;
  const cudaError_t error = cuda_emulation::stream_error(stream);
  if (error != cudaSuccess) return record_error(error);
  return record_error(cuda_emulation::is_capturing(stream)
                          ? cuda_emulation::capture_free(pointer, stream)
                          : release(pointer));
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device) {
  const Lock lock;
  static char the_pool = 0;
  const cudaError_t error = device_error(device);
  if (error == cudaSuccess) *pool = reinterpret_cast<cudaMemPool_t>(&the_pool);
  return record_error(error);
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, enum cudaMemPoolAttr, void* value) {
  return record_error(pool == nullptr || value == nullptr ? cudaErrorInvalidValue : cudaSuccess);
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, size_t) {
  return record_error(pool == nullptr ? cudaErrorInvalidValue : cudaSuccess);
}

cudaError_t cudaDeviceGraphMemTrim(int device) {
  const Lock lock;
  return record_error(device_error(device));
}

cudaError_t cudaHostAlloc(void** pointer, size_t size, unsigned int) {
  const Lock lock;
  const cudaError_t error = synchronous_call_error();
  if (error != cudaSuccess) return record_error(error);
  if (pointer == nullptr) return record_error(cudaErrorInvalidValue);
  *pointer = size == 0 ? nullptr : cuda_emulation::pinned_allocate(size);
  return record_error(*pointer == nullptr && size != 0 ? cudaErrorMemoryAllocation : cudaSuccess);
}

cudaError_t cudaMallocHost(void** pointer, size_t size) { return cudaHostAlloc(pointer, size, 0); }

cudaError_t cudaFreeHost(void* pointer) {
  const Lock lock;
  const cudaError_t error = cuda_emulation::unsafe_call_error();
  if (error != cudaSuccess) return record_error(error);
  const bool freed = pointer == nullptr || cuda_emulation::pinned_free(pointer);
  return record_error(freed ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t count, enum cudaMemcpyKind kind) {
  const Lock lock;
  const cudaError_t error = synchronous_call_error();
  return record_error(error != cudaSuccess ? error : copy(to, from, count, kind, nullptr));
}

cudaError_t cudaMemcpyAsync(
    void* to, const void* from, size_t count, enum cudaMemcpyKind kind, cudaStream_t stream) {
  const Lock lock;
  return record_error(copy(to, from, count, kind, stream));
}

cudaError_t cudaMemset(void* to, int value, size_t count) {
  const Lock lock;
  const cudaError_t error = synchronous_call_error();
  return record_error(error != cudaSuccess ? error : fill(to, value, count, nullptr));
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t count, cudaStream_t stream) {
  const Lock lock;
  return record_error(fill(to, value, count, stream));
}
