#include "core/memory.hpp"

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "core/block_cache.hpp"
#include "core/cuda_backend.hpp"
#include "core/error.hpp"

namespace spiketape {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kSlack = 64;
constexpr std::size_t kMostBytes = std::size_t{1} << 62;

thread_local MemoryTag current_tag = MemoryTag::other;

struct Counter {
  std::atomic<std::size_t> current{0};
  std::atomic<std::size_t> peak{0};

  void add(std::size_t bytes) { raise_peak(current.fetch_add(bytes) + bytes); }
  void raise_peak(std::size_t to) {
    std::size_t seen = peak.load();
    while (seen < to && !peak.compare_exchange_weak(seen, to)) {
    }
  }
  MemoryUse use() const { return {current.load(), peak.load()}; }
};

struct Ledger {
  Counter total;
  std::array<Counter, kMemoryTags> by_tag;
};

Ledger& ledger(Device device) {
  static Ledger cpu;
  static Ledger cuda;
  return device.kind == DeviceKind::cpu ? cpu : cuda;
}

Counter& counter(Device device, MemoryTag tag) {
  return ledger(device).by_tag[static_cast<std::size_t>(tag)];
}

class CpuMemory final : public MemoryResource {
 public:
  void clear(void* memory, std::size_t bytes) override { std::memset(memory, 0, bytes); }
  Device device() const override { return kCpu; }
  void release_unused() override {
    for (void* block : cache_.take_all()) std::free(block);
  }

 private:
  void* do_allocate(std::size_t bytes) override {
    void* memory = cache_.take(bytes + kSlack);
    if (memory == nullptr) memory = fresh(bytes + kSlack);
    if (memory != nullptr) std::memset(static_cast<char*>(memory) + bytes, 0, kSlack);
    return memory;
  }
  void do_deallocate(void* memory, std::size_t bytes) noexcept override {
    if (!cache_.keep(memory, bytes + kSlack)) std::free(memory);
  }
  void* fresh(std::size_t bytes) {
    void* memory = std::aligned_alloc(kAlignment, BlockCache::block_size(bytes));
    if (memory != nullptr) return memory;
    release_unused();
    return std::aligned_alloc(kAlignment, BlockCache::block_size(bytes));
  }

  BlockCache cache_;
};

}  // namespace

std::string_view to_string(MemoryTag tag) {
  constexpr std::array<std::string_view, kMemoryTags> names = {
      "other", "parameter", "tape", "gradient", "optimizer", "data", "scratch"};
  return names[static_cast<std::size_t>(tag)];
}

MemoryUse memory_use(Device device) { return ledger(device).total.use(); }
MemoryUse memory_use(Device device, MemoryTag tag) { return counter(device, tag).use(); }

void reset_peak_memory(Device device) {
  Ledger& book = ledger(device);
  book.total.peak = book.total.current.load();
  for (Counter& each : book.by_tag) each.peak = each.current.load();
}

MemoryMeter::MemoryMeter(Device device) : device_(device) {
  const auto note = [&](MemoryUse use, std::size_t* current, std::size_t* peak) {
    *current = use.current;
    *peak = use.peak;
  };
  note(memory_use(device), &before_.total, &earlier_peak_.total);
  for (std::size_t i = 0; i < before_.by_tag.size(); ++i)
    note(memory_use(device, static_cast<MemoryTag>(i)),
         &before_.by_tag[i],
         &earlier_peak_.by_tag[i]);
  reset_peak_memory(device);
}

MemoryMeter::~MemoryMeter() {
  Ledger& book = ledger(device_);
  book.total.raise_peak(earlier_peak_.total);
  for (std::size_t i = 0; i < book.by_tag.size(); ++i)
    book.by_tag[i].raise_peak(earlier_peak_.by_tag[i]);
}

MemoryNeed MemoryMeter::need() const {
  const Ledger& book = ledger(device_);
  const auto above = [](const Counter& counter, std::size_t before) {
    const std::size_t peak = counter.peak.load();
    return peak > before ? peak - before : 0;
  };
  MemoryNeed need;
  need.total = above(book.total, before_.total);
  for (std::size_t i = 0; i < need.by_tag.size(); ++i)
    need.by_tag[i] = above(book.by_tag[i], before_.by_tag[i]);
  return need;
}

void book_need(Device device, const MemoryNeed& need) {
  Ledger& book = ledger(device);
  book.total.raise_peak(book.total.current.load() + need.total);
  for (std::size_t i = 0; i < need.by_tag.size(); ++i)
    book.by_tag[i].raise_peak(book.by_tag[i].current.load() + need.by_tag[i]);
}

MemoryTagScope::MemoryTagScope(MemoryTag tag) : previous_(current_tag) { current_tag = tag; }
MemoryTagScope::~MemoryTagScope() { current_tag = previous_; }
MemoryTag current_memory_tag() { return current_tag; }

void* MemoryResource::allocate(std::size_t bytes, MemoryTag tag) {
  void* memory = bytes < kMostBytes ? do_allocate(bytes) : nullptr;
  if (memory == nullptr)
    throw BackendError(fmt::format(
        "memory: {} has no {} bytes left for '{}' ({} in use); use a smaller batch or model",
        to_string(device()),
        bytes,
        to_string(tag),
        memory_use(device()).current));
  ledger(device()).total.add(bytes);
  counter(device(), tag).add(bytes);
  return memory;
}

void MemoryResource::deallocate(void* memory, std::size_t bytes, MemoryTag tag) noexcept {
  if (memory == nullptr) return;
  do_deallocate(memory, bytes);
  ledger(device()).total.current -= bytes;
  counter(device(), tag).current -= bytes;
}

MemoryResource& memory_resource(Device device) {
  if (device != kCpu) {
    if constexpr (kCudaBuilt) return cuda::memory_resource(device);
    require_available(device);
  }
  static auto& cpu = *new CpuMemory;  // never destroyed: arrays of static lifetime may outlive it
  return cpu;
}

void copy_bytes(
    void* to, Device to_device, const void* from, Device from_device, std::size_t bytes) {
  if (bytes == 0) return;
  if (to_device == kCpu && from_device == kCpu) {
    std::memcpy(to, from, bytes);
    return;
  }
  if constexpr (kCudaBuilt) cuda::copy_bytes(to, to_device, from, from_device, bytes);
}

}  // namespace spiketape
