#include "core/block_cache.hpp"

#include <algorithm>
#include <bit>
#include <new>

namespace spiketape {
namespace {

constexpr std::size_t kUnit = 64;
constexpr std::size_t kLargest = std::size_t{32} << 20;
constexpr std::size_t kMostKept = std::size_t{256} << 20;

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SPIKETAPE_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SPIKETAPE_ADDRESS_SANITIZER
#endif
#if defined(SPIKETAPE_ADDRESS_SANITIZER)
constexpr bool kKeeps = false;
#else
constexpr bool kKeeps = true;
#endif

/// Sizes are count * 2^shift units with count at most 8: four sizes an octave.
struct SizeClass {
  std::size_t count;
  std::size_t shift;

  explicit SizeClass(std::size_t bytes) {
    const std::size_t units = std::max<std::size_t>((bytes + kUnit - 1) / kUnit, 1);
    const auto width = static_cast<std::size_t>(std::bit_width(units - 1));
    shift = width > 3 ? width - 3 : 0;
    count = (units + (std::size_t{1} << shift) - 1) >> shift;
  }
  std::size_t bytes() const { return (count << shift) * kUnit; }
  std::size_t index() const { return shift * 8 + count - 1; }
};

}  // namespace

std::size_t BlockCache::block_size(std::size_t bytes) {
  return bytes > kLargest ? (bytes + kUnit - 1) / kUnit * kUnit : SizeClass(bytes).bytes();
}

void* BlockCache::take(std::size_t bytes) {
  if (bytes > kLargest) return nullptr;
  const SizeClass size(bytes);
  const std::lock_guard lock(mutex_);
  std::vector<void*>& blocks = waiting_[size.index()];
  if (blocks.empty()) return nullptr;
  void* const block = blocks.back();
  blocks.pop_back();
  kept_ -= size.bytes();
  return block;
}

bool BlockCache::keep(void* block, std::size_t bytes) {
  if (!kKeeps || bytes > kLargest) return false;
  const SizeClass size(bytes);
  const std::lock_guard lock(mutex_);
  if (kept_ + size.bytes() > kMostKept) return false;
  try {
    waiting_[size.index()].push_back(block);
  } catch (const std::bad_alloc&) {  // no memory even for the list: let the block go
    return false;
  }
  kept_ += size.bytes();
  return true;
}

std::vector<void*> BlockCache::take_all() {
  const std::lock_guard lock(mutex_);
  std::vector<void*> all;
  for (std::vector<void*>& blocks : waiting_) {
    all.insert(all.end(), blocks.begin(), blocks.end());
    blocks.clear();
  }
  kept_ = 0;
  return all;
}

}  // namespace spiketape
