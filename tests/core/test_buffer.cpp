#include <doctest/doctest.h>

#include <array>
#include <type_traits>
#include <utility>

#include "core/buffer.hpp"

using namespace spiketape;

TEST_CASE("a buffer cannot be copied, only moved") {
  CHECK_FALSE(std::is_copy_constructible_v<Buffer<float>>);
  CHECK(std::is_nothrow_move_constructible_v<Buffer<float>>);
  CHECK(std::is_nothrow_move_assignable_v<Buffer<float>>);
}

TEST_CASE("an empty buffer owns nothing") {
  const std::size_t before = memory_use(kCpu).current;
  const Buffer<float> nothing;
  const Buffer<int> none(0);
  CHECK(nothing.empty());
  CHECK(none.empty());
  CHECK(nothing.data() == nullptr);
  CHECK(none.span().empty());
  CHECK(memory_use(kCpu).current == before);
}

TEST_CASE("a buffer books its bytes under the tag in force and returns them once") {
  const std::size_t before = memory_use(kCpu, MemoryTag::data).current;
  {
    const MemoryTagScope scope(MemoryTag::data);
    Buffer<std::uint16_t> first(10);
    CHECK(first.tag() == MemoryTag::data);
    CHECK(first.bytes() == 20);
    CHECK(memory_use(kCpu, MemoryTag::data).current == before + 20);
    const Buffer<std::uint16_t> second(std::move(first));
    CHECK(second.size() == 10);
    CHECK(memory_use(kCpu, MemoryTag::data).current == before + 20);
  }
  CHECK(memory_use(kCpu, MemoryTag::data).current == before);
}

TEST_CASE("zeros are zero and copies hold the values") {
  Buffer<float> zeros = Buffer<float>::zeros(17);
  for (const float x : zeros.span()) CHECK(x == 0.0f);
  zeros[16] = 3.0f;
  CHECK(zeros.span().back() == 3.0f);
  const std::array<int, 3> values = {4, 5, 6};
  const Buffer<int> copy = Buffer<int>::copy_of(values);
  CHECK(copy.size() == 3);
  CHECK(copy[0] == 4);
  CHECK(copy[2] == 6);
}

TEST_CASE("assigning a buffer frees what it held") {
  const std::size_t before = memory_use(kCpu).current;
  {
    Buffer<float> kept(100);
    kept = Buffer<float>(25);
    CHECK(kept.size() == 25);
    CHECK(memory_use(kCpu).current == before + 100);
  }
  CHECK(memory_use(kCpu).current == before);
}
