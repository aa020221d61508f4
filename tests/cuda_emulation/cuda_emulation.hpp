#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "cuda_runtime_api.h"

/// What tests may ask of the emulated card, and do to it.
namespace cuda_emulation {

/// A program error that a card would answer with undefined behaviour: a hang, a host pointer in a
/// kernel, a library call on memory that is not the device's. The message says which and where.
class EmulationError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// In which order a block's threads, and a grid's blocks, run. A kernel that lacks a barrier gives
/// different results in different orders.
enum class Order { forward, backward, shuffled };

/// The default is what the environment variable SPIKETAPE_EMULATION_ORDER names, else forward.
void set_thread_order(Order order, std::uint64_t seed = 0);
Order thread_order();

/// 0 makes calls fail with cudaErrorNoDevice. All devices share one memory limit.
void set_device_count(int count);
/// Calls fail with cudaErrorInsufficientDriver.
void set_driver_missing(bool missing);
/// Launches fail with cudaErrorNoKernelImageForDevice.
void set_kernel_image_missing(bool missing);
/// One launch fails with `error`; those after it run. cudaSuccess takes the order back.
void next_launch_fails(cudaError_t error);
/// How many bytes may be allocated at a time; more is cudaErrorMemoryAllocation.
void set_memory_limit(std::size_t bytes);
/// Every setting above as at the start. Memory, streams and counters stay.
void reset_settings();

/// Of cudaMalloc and cudaMallocAsync, not yet freed. Memory of a graph counts from its capture
/// until the graph and its instance are destroyed, and as long as it is live.
std::size_t live_allocations();
std::size_t live_bytes();
/// Of cudaMallocHost and cudaHostAlloc, not yet freed.
std::size_t live_pinned_allocations();
/// Streams, events, graphs and executable graphs that are not yet destroyed.
std::size_t live_handles();
/// Kernels run so far, those of graphs included.
std::uint64_t launches();
/// Whether the address lies in the device's range, allocated or not.
bool is_device_address(const void* address);

}  // namespace cuda_emulation
