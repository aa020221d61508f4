#pragma once

#include <cstddef>

/// Device memory: a reserved address range that only device code may touch.
///
/// The range has no access rights while host code runs, so that a host dereference of a device
/// pointer faults; a DeviceAccess opens it. (Above 1 MiB of live memory it is closed less often,
/// because closing costs time per page.) Allocations are 256-byte aligned, full of 0xCB when new,
/// and apart by red zones. Under the address sanitizer red zones and freed memory are poisoned; an
/// address is reused late, so that a use after free is caught. All functions expect the mutex of
/// state.hpp to be held.
namespace cuda_emulation {

inline constexpr std::size_t kDeviceRange = std::size_t{4} << 30;

/// Opens device memory for the life of the object; nests.
class DeviceAccess {
 public:
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
  DeviceAccess& operator=(const DeviceAccess&) = delete;
};

/// On card number `card`. Null when `limit` bytes would be passed, or the range is full. `size` is
/// above 0.
void* device_allocate(std::size_t size, std::size_t limit, int card);
/// False unless `pointer` is the start of an allocation.
bool device_free(void* pointer);
/// An allocation that is retired: it counts, but is poisoned and not live until it is revived.
void* device_reserve(std::size_t size, std::size_t limit, int card);
/// Of the allocation that starts at `pointer`. What was revived is as new.
void device_revive(void* pointer);
void device_retire(void* pointer);

/// Whether [pointer, pointer + size) lies inside one live allocation; an empty range does.
bool is_live_range(const void* pointer, std::size_t size);
/// The same of an allocation that may be retired.
bool is_allocated_range(const void* pointer, std::size_t size);
/// The card whose allocation holds the address; -1 where none does.
int card_of(const void* pointer);
/// @throws EmulationError, opening with `what`, unless is_live_range.
void require_live_range(const void* pointer, std::size_t size, const char* what);

/// Pinned host memory: plain memory that is remembered. Null when there is none.
void* pinned_allocate(std::size_t size);
bool pinned_free(void* pointer);
/// Whether [pointer, pointer + size) lies inside one allocation of pinned memory.
bool is_pinned_range(const void* pointer, std::size_t size);

/// Whether a kernel that dereferences the address would touch unpinned memory of the host. Told
/// from numbers that look like an address by asking the sanitizer.
bool is_host_address(const void* address);

}  // namespace cuda_emulation
