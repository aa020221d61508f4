#pragma once

// A small emulation of CUDA, so that cuda/*.cu and cuda/*.cpp compile as plain C++20 and run on a
// machine without a GPU, under the address sanitizer. Test-only. Covered, and nothing else:
//
//   Qualifiers   __global__ __device__ __host__ __forceinline__ __launch_bounds__ __shared__.
//                __shared__ is `static`: a block's threads are fibers of one OS thread and blocks
//                run one after another. Its content is left over from the block before, as stale
//                as on a card; no dynamic shared memory, no __constant__, no __device__ variables.
//   Built-ins    threadIdx blockIdx blockDim gridDim warpSize (emulation/thread.h)
//   Collectives  __syncthreads, its _or _and _count; __syncwarp; __ballot_sync __any_sync
//                __all_sync; __shfl_sync and its _up _down _xor (emulation/thread.h). Stricter than
//                a card: an exited thread never completes a collective, and all threads of a block
//                must reach the same line of __syncthreads. A hang is an EmulationError that names
//                the threads. Lanes beyond the end of the block do not count. A shuffle from a lane
//                outside the mask returns garbage.
//   Intrinsics   bits, atomics, rounding, min and max (emulation/intrinsics.h). <cmath> does the
//                rest; a * b + c is not contracted here, nvcc contracts it.
//   Launch       cudaLaunchKernelEx(&config, kernel, arguments...), no attributes. Arguments are
//                searched for pointers to the host and to memory of another card
//                (emulation/launch.hpp). The stream must be the current card's.
//   Runtime      everything that cuda_runtime_api.h declares. Work runs at once, so that a missing
//                synchronisation between streams does not show. Events keep real time.
//   Memory       device memory faults under host code, and is full of 0xCB when new; its bounds and
//                its end are watched by the address sanitizer (emulation/device_memory.hpp).
//                Copies between cards are allowed, as with unified addresses; peer access is not.
//   Capture      launches, copies, memsets, library calls and captured events are recorded as
//                closures; cudaGraphLaunch runs them in the order of recording. What CUDA forbids
//                during a capture is refused and invalidates it: waiting for what is captured, in
//                every mode; cudaMalloc, cudaFree, cudaMallocHost, cudaMemcpy, cudaEventQuery and
//                the like unless the mode is relaxed; the legacy stream beside a blocking stream.
//                Stricter than a card: a captured copy takes no pageable memory of the host.
//   Graph memory cudaMallocAsync and cudaFreeAsync of a capturing stream are nodes. The address
//                holds for all launches and is no one else's; the memory is new, 0xCB, when its
//                node runs, and poisoned before that and after it is freed. Without a free node it
//                outlives the launch, and the graph, until it is freed by cudaFree, cudaFreeAsync
//                or cudaGraphInstantiateFlagAutoFreeOnLaunch. Stricter than a card: a graph frees
//                no memory of another, and no nodes of 0 bytes (emulation/graph_memory.hpp).
//   Libraries    cublas_v2.h, cusparse.h, cub/cub.cuh, each listing its own.
//
// Any host thread may call; all calls take one mutex. Not for the thread sanitizer (fibers).
// Tests steer it through cuda_emulation.hpp.

#include <cmath>
#include <cstdint>

#include "cuda_runtime_api.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __shared__ static

#include "emulation/intrinsics.h"
#include "emulation/launch.hpp"
#include "emulation/thread.h"

template <typename T>
cudaError_t cudaMalloc(T** pointer, size_t size) {
  return cudaMalloc(reinterpret_cast<void**>(pointer), size);
}

template <typename T>
cudaError_t cudaMallocAsync(T** pointer, size_t size, cudaStream_t stream) {
  return cudaMallocAsync(reinterpret_cast<void**>(pointer), size, stream);
}

template <typename T>
cudaError_t cudaMallocHost(T** pointer, size_t size, unsigned int flags = 0) {
  return cudaHostAlloc(reinterpret_cast<void**>(pointer), size, flags);
}

template <typename T>
cudaError_t cudaHostAlloc(T** pointer, size_t size, unsigned int flags) {
  return cudaHostAlloc(reinterpret_cast<void**>(pointer), size, flags);
}
