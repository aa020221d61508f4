#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <thread>

#include "core/block_cache.hpp"
#include "core/error.hpp"
#include "core/memory.hpp"

using namespace spiketape;

TEST_CASE("an allocation is booked under its tag and in the total until it is freed") {
  MemoryResource& memory = memory_resource(kCpu);
  const std::size_t total = memory_use(kCpu).current;
  const std::size_t tape = memory_use(kCpu, MemoryTag::tape).current;
  const std::size_t data = memory_use(kCpu, MemoryTag::data).current;
  void* block = memory.allocate(1000, MemoryTag::tape);
  CHECK(memory_use(kCpu).current == total + 1000);
  CHECK(memory_use(kCpu, MemoryTag::tape).current == tape + 1000);
  CHECK(memory_use(kCpu, MemoryTag::data).current == data);
  memory.deallocate(block, 1000, MemoryTag::tape);
  CHECK(memory_use(kCpu).current == total);
  CHECK(memory_use(kCpu, MemoryTag::tape).current == tape);
}

TEST_CASE("the peak is the most since its last reset") {
  MemoryResource& memory = memory_resource(kCpu);
  reset_peak_memory(kCpu);
  const std::size_t before = memory_use(kCpu, MemoryTag::scratch).current;
  CHECK(memory_use(kCpu, MemoryTag::scratch).peak == before);
  void* first = memory.allocate(300, MemoryTag::scratch);
  void* second = memory.allocate(500, MemoryTag::scratch);
  memory.deallocate(first, 300, MemoryTag::scratch);
  CHECK(memory_use(kCpu, MemoryTag::scratch).peak == before + 800);
  reset_peak_memory(kCpu);
  CHECK(memory_use(kCpu, MemoryTag::scratch).peak == before + 500);
  CHECK(memory_use(kCpu).peak == memory_use(kCpu).current);
  memory.deallocate(second, 500, MemoryTag::scratch);
}

TEST_CASE("blocks are 64-byte aligned and 64 readable zero bytes follow") {
  MemoryResource& memory = memory_resource(kCpu);
  for (const std::size_t bytes : {1u, 4u, 63u, 64u, 65u, 1000u}) {
    CAPTURE(bytes);
    auto* block = static_cast<unsigned char*>(memory.allocate(bytes, MemoryTag::other));
    CHECK(reinterpret_cast<std::uintptr_t>(block) % 64 == 0);
    std::memset(block, 0xff, bytes);
    int sum = 0;
    for (std::size_t i = 0; i < 64; ++i) sum += block[bytes + i];
    CHECK(sum == 0);
    memory.clear(block, bytes);
    for (std::size_t i = 0; i < bytes; ++i) sum += block[i];
    CHECK(sum == 0);
    memory.deallocate(block, bytes, MemoryTag::other);
  }
}

TEST_CASE("freeing nothing is allowed and books nothing") {
  const std::size_t before = memory_use(kCpu).current;
  memory_resource(kCpu).deallocate(nullptr, 12, MemoryTag::other);
  CHECK(memory_use(kCpu).current == before);
}

TEST_CASE("tag scopes nest and belong to one thread") {
  CHECK(current_memory_tag() == MemoryTag::other);
  {
    const MemoryTagScope outer(MemoryTag::tape);
    CHECK(current_memory_tag() == MemoryTag::tape);
    {
      const MemoryTagScope inner(MemoryTag::data);
      CHECK(current_memory_tag() == MemoryTag::data);
    }
    CHECK(current_memory_tag() == MemoryTag::tape);
    MemoryTag elsewhere = MemoryTag::data;
    std::thread([&] { elsewhere = current_memory_tag(); }).join();
    CHECK(elsewhere == MemoryTag::other);
  }
  CHECK(current_memory_tag() == MemoryTag::other);
}

TEST_CASE("freed memory serves again, with zeros behind its end") {
  MemoryResource& memory = memory_resource(kCpu);
  for (const std::size_t bytes : {1000u, 990u, 5000u, 100'000u}) {
    void* block = memory.allocate(bytes, MemoryTag::scratch);
    std::memset(block, 0xff, bytes);
    memory.deallocate(block, bytes, MemoryTag::scratch);
    void* again = memory.allocate(bytes - 7, MemoryTag::scratch);
    const auto* behind = static_cast<const unsigned char*>(again) + bytes - 7;
    for (int i = 0; i < 64; ++i) CHECK(behind[i] == 0);
    memory.deallocate(again, bytes - 7, MemoryTag::scratch);
  }
  memory.release_unused();
  void* fresh = memory.allocate(1000, MemoryTag::scratch);
  CHECK(fresh != nullptr);
  memory.deallocate(fresh, 1000, MemoryTag::scratch);
}

TEST_CASE("blocks grow by at most a quarter over what was asked for") {
  for (std::size_t bytes = 320; bytes < 100'000'000; bytes += bytes / 3) {
    const std::size_t block = BlockCache::block_size(bytes);
    CHECK(block >= bytes);
    CHECK(block % 64 == 0);
    CHECK(block <= bytes + bytes / 4 + 64);
    CHECK(BlockCache::block_size(block) == block);
  }
}

TEST_CASE("the block cache hands a block out once, and only for its own size") {
  BlockCache cache;
  CHECK(cache.take(100) == nullptr);
  alignas(64) char block[128];
  if (!cache.keep(block, 100)) return;  // nothing is kept with the address sanitizer
  CHECK(cache.take(1000) == nullptr);
  CHECK(cache.take(120) == block);
  CHECK(cache.take(120) == nullptr);
  CHECK(cache.keep(block, 100));
  CHECK(cache.take_all().size() == 1);
  CHECK(cache.take(100) == nullptr);
  CHECK_FALSE(cache.keep(block, std::size_t{1} << 40));
}

TEST_CASE("every memory tag has a name of its own") {
  for (int i = 0; i < kMemoryTags; ++i)
    for (int j = 0; j < i; ++j)
      CHECK(to_string(static_cast<MemoryTag>(i)) != to_string(static_cast<MemoryTag>(j)));
  CHECK(to_string(MemoryTag::tape) == "tape");
}

// The sanitizers stop the program at such a request instead of returning nullptr.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("more memory than there is is an error that says how much was asked for") {
  const std::size_t bytes = std::numeric_limits<std::size_t>::max() / 4;
  const std::size_t before = memory_use(kCpu).current;
  CHECK_THROWS_WITH_AS(memory_resource(kCpu).allocate(bytes, MemoryTag::data),
                       doctest::Contains(std::to_string(bytes).c_str()),
                       BackendError);
  CHECK(memory_use(kCpu).current == before);
}
#endif

TEST_CASE("the memory of a device that is not there is an error") {
  CHECK_THROWS_AS(memory_resource({DeviceKind::cuda, 4096}), BackendError);
}
