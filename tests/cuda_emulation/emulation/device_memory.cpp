#include "emulation/device_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

#include "cuda_emulation.hpp"
#include "emulation/sanitizer.hpp"
#include "emulation/state.hpp"

namespace cuda_emulation {
namespace {

constexpr std::size_t kAlignment = 256;
constexpr std::size_t kRedZone = 1024;
constexpr int kGarbage = 0xCB;
// The cursor starts over beyond this and twice the live bytes, which bounds the pages touched.
constexpr std::size_t kReuseDistance = std::size_t{64} << 20;

// Closing costs time per page. So memory is closed after every access up to this many live bytes,
// after every second access up to twice as many, and so on.
constexpr std::size_t kPromptlyClosed = std::size_t{1} << 20;

using Ranges = std::map<std::uintptr_t, std::size_t>;  // start -> size

struct Memory {
  std::uintptr_t base = 0;
  std::uintptr_t cursor = 0;    // where the next allocation is tried first
  std::uintptr_t used_end = 0;  // nothing above was ever allocated
  std::uintptr_t open_end = 0;  // below it, host code could touch device memory now
  std::size_t live_bytes = 0;
  std::size_t accesses = 0;  // since memory was last closed
  int nesting = 0;
  Ranges allocated{};
  std::map<std::uintptr_t, int> cards{};  // start -> card
  std::set<std::uintptr_t> retired{};     // starts of those that are not live
  Ranges pinned{};
};

// Never destroyed: objects with static lifetime may free device memory at exit.
Memory& memory() {
  static Memory* const instance = [] {
    void* range =
        mmap(nullptr, kDeviceRange, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED)
      throw std::runtime_error("CUDA emulation: 4 GiB of addresses cannot be reserved");
    const auto base = reinterpret_cast<std::uintptr_t>(range);
    return new Memory{.base = base, .cursor = base + kRedZone, .used_end = base, .open_end = base};
  }();
  return *instance;
}

std::uintptr_t address_of(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

std::size_t slot_size(std::size_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment + kRedZone;
}

void protect(int rights) {
  const Memory& m = memory();
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::size_t bytes = (m.used_end - m.base + page - 1) / page * page;
  if (bytes == 0) return;
  if (mprotect(reinterpret_cast<void*>(m.base), bytes, rights) != 0)
    throw std::runtime_error("CUDA emulation: mprotect of the device memory failed");
}

// The entry of `ranges` that holds [address, address + size), or end.
Ranges::const_iterator find_range(const Ranges& ranges, std::uintptr_t address, std::size_t size) {
  auto entry = ranges.upper_bound(address);
  if (entry == ranges.begin()) return ranges.end();
  --entry;
  const std::size_t offset = address - entry->first;
  return offset <= entry->second && size <= entry->second - offset ? entry : ranges.end();
}

// Gives pages in which nothing lives, around a slot that was freed, back to the system.
void drop_pages(std::uintptr_t start, std::size_t slot) {
  const Memory& m = memory();
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto next = m.allocated.upper_bound(start);
  const std::uintptr_t gap_end = next == m.allocated.end() ? m.used_end : next->first;
  std::uintptr_t gap_start = m.base;
  if (next != m.allocated.begin()) {
    const auto before = std::prev(next);
    gap_start = before->first + slot_size(before->second);
  }
  const std::uintptr_t begin = std::max((gap_start + page - 1) / page, start / page) * page;
  const std::uintptr_t end = std::min(gap_end / page, (start + slot + page - 1) / page) * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

// First fit at or above `from`; 0 when there is none.
std::uintptr_t find_gap(std::uintptr_t from, std::size_t slot) {
  const Memory& m = memory();
  std::uintptr_t start = from;
  auto next = m.allocated.upper_bound(start);
  if (next != m.allocated.begin()) {
    const auto before = std::prev(next);
    start = std::max(start, before->first + slot_size(before->second));
  }
  for (; next != m.allocated.end() && next->first - start < slot; ++next)
    start = next->first + slot_size(next->second);
  return m.base + kDeviceRange - start >= slot ? start : 0;
}

}  // namespace

DeviceAccess::DeviceAccess() {
  Memory& m = memory();
  if (m.nesting++ > 0 || m.open_end == m.used_end) return;
  protect(PROT_READ | PROT_WRITE);
  m.open_end = m.used_end;
}

DeviceAccess::~DeviceAccess() {
  Memory& m = memory();
  if (--m.nesting > 0 || ++m.accesses <= m.live_bytes / kPromptlyClosed) return;
  m.accesses = 0;
  protect(PROT_NONE);
  m.open_end = m.base;
}

void* device_allocate(std::size_t size, std::size_t limit, int card) {
  void* const pointer = device_reserve(size, limit, card);
  if (pointer != nullptr) device_revive(pointer);
  return pointer;
}

void* device_reserve(std::size_t size, std::size_t limit, int card) {
  Memory& m = memory();
  if (size > kDeviceRange || m.live_bytes + size > limit) return nullptr;
  const std::size_t slot = slot_size(size);
  const std::uintptr_t first = m.base + kRedZone;
  if (m.cursor - first > 2 * m.live_bytes + kReuseDistance) m.cursor = first;
  std::uintptr_t start = find_gap(m.cursor, slot);
  if (start == 0) start = find_gap(first, slot);
  if (start == 0) return nullptr;

  m.allocated.emplace(start, size);
  m.cards.emplace(start, card);
  m.retired.insert(start);
  m.live_bytes += size;
  m.cursor = start + slot;
  // All that lies between the old end and the new one is this slot, and the first red zone.
  if (m.used_end == m.base) poison(m.base, kRedZone);
  m.used_end = std::max(m.used_end, start + slot);
  poison(start, slot);
  return reinterpret_cast<void*>(start);
}

void device_revive(void* pointer) {
  Memory& m = memory();
  const std::uintptr_t start = address_of(pointer);
  const std::size_t size = m.allocated.at(start);
  m.retired.erase(start);
  unpoison(start, size);
  const DeviceAccess access;
  std::memset(pointer, kGarbage, size);
}

void device_retire(void* pointer) {
  Memory& m = memory();
  const std::uintptr_t start = address_of(pointer);
  poison(start, m.allocated.at(start));
  m.retired.insert(start);
}

bool device_free(void* pointer) {
  Memory& m = memory();
  const auto entry = m.allocated.find(address_of(pointer));
  if (entry == m.allocated.end()) return false;
  const auto [start, size] = *entry;
  poison(start, size);
  m.live_bytes -= size;
  m.retired.erase(start);
  m.cards.erase(start);
  m.allocated.erase(entry);
  drop_pages(start, slot_size(size));
  return true;
}

bool is_live_range(const void* pointer, std::size_t size) {
  if (size == 0) return true;
  const Memory& m = memory();
  const auto entry = find_range(m.allocated, address_of(pointer), size);
  return entry != m.allocated.end() && !m.retired.contains(entry->first);
}

bool is_allocated_range(const void* pointer, std::size_t size) {
  const Memory& m = memory();
  return size == 0 || find_range(m.allocated, address_of(pointer), size) != m.allocated.end();
}

int card_of(const void* pointer) {
  const Memory& m = memory();
  const auto entry = find_range(m.allocated, address_of(pointer), 0);
  return entry == m.allocated.end() ? -1 : m.cards.at(entry->first);
}

void require_live_range(const void* pointer, std::size_t size, const char* what) {
  if (is_live_range(pointer, size)) return;
  const char* const reason = !is_device_address(pointer) ? ": it is not a device pointer"
                             : is_allocated_range(pointer, size)
                                 ? ": its graph has not allocated it"
                                 : "";
  throw EmulationError(
      fmt::format("{} is {} bytes at {}, which are not inside one live allocation of the device{}",
                  what,
                  size,
                  pointer,
                  reason));
}

void* pinned_allocate(std::size_t size) {
  void* pointer = std::aligned_alloc(kAlignment, (size + kAlignment - 1) / kAlignment * kAlignment);
  if (pointer != nullptr) memory().pinned.emplace(address_of(pointer), size);
  return pointer;
}

bool pinned_free(void* pointer) {
  if (memory().pinned.erase(address_of(pointer)) == 0) return false;
  std::free(pointer);
  return true;
}

bool is_pinned_range(const void* pointer, std::size_t size) {
  const Ranges& pinned = memory().pinned;
  return find_range(pinned, address_of(pointer), size) != pinned.end();
}

bool is_host_address(const void* pointer) {
  const std::uintptr_t address = address_of(pointer);
  if (address < 0x5000'0000'0000 || address >= std::uintptr_t{1} << 47) return false;
  if (is_device_address(pointer)) return false;
  if (is_pinned_range(pointer, 0)) return false;
  return host_owns(pointer);
}

bool is_device_address(const void* pointer) {
  return address_of(pointer) - memory().base < kDeviceRange;
}

std::size_t live_allocations() {
  const Lock lock;
  return memory().allocated.size();
}

std::size_t live_bytes() {
  const Lock lock;
  return memory().live_bytes;
}

std::size_t live_pinned_allocations() {
  const Lock lock;
  return memory().pinned.size();
}

}  // namespace cuda_emulation
