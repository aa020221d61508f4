#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <set>
#include <vector>

#include "core/parallel.hpp"
#include "core/random.hpp"

using namespace spiketape;

namespace {

using Bits = std::array<std::uint32_t, 4>;

struct Moments {
  double mean = 0.0;
  double variance = 0.0;
};

Moments moments(const std::vector<float>& values) {
  Moments m;
  for (const float x : values) m.mean += static_cast<double>(x);
  m.mean /= static_cast<double>(values.size());
  for (const float x : values) m.variance += std::pow(static_cast<double>(x) - m.mean, 2.0);
  m.variance /= static_cast<double>(values.size());
  return m;
}

}  // namespace

// The known answers that Random123 publishes for philox4x32-10 (its file kat_vectors).
TEST_CASE("random bits are the published Philox 4x32-10") {
  CHECK(random_bits(0, 0, 0) == Bits{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(random_bits(~0ull, ~0ull, ~0ull) == Bits{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(random_bits(0x299f31d0a4093822ull, 0x0370734413198a2eull, 0x85a308d3243f6a88ull) ==
        Bits{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("seed, stream and counter each change the bits") {
  const Bits base = random_bits(1, 2, 3);
  CHECK(random_bits(1, 2, 3) == base);
  CHECK(random_bits(2, 2, 3) != base);
  CHECK(random_bits(1, 3, 3) != base);
  CHECK(random_bits(1, 2, 4) != base);
  CHECK(random_bits(1ull << 32, 2, 3) != random_bits(0, 2, 3));
}

TEST_CASE("uniform numbers lie in [0, 1) with the moments of a uniform distribution") {
  constexpr int count = 100000;
  std::vector<float> values(count);
  Random random(7, 1);
  for (float& x : values) x = random.uniform();
  for (const float x : values) REQUIRE((x >= 0.0f && x < 1.0f));
  const Moments m = moments(values);
  // Bounds of five standard errors.
  CHECK(std::abs(m.mean - 0.5) < 5.0 * std::sqrt(1.0 / 12.0 / count));
  CHECK(std::abs(m.variance - 1.0 / 12.0) < 5.0 * std::sqrt(1.0 / 180.0 / count));
}

TEST_CASE("normal numbers are finite with mean 0, variance 1 and normal tails") {
  constexpr int count = 100000;
  std::vector<float> values(count);
  Random random(7, 2);
  for (float& x : values) x = random.normal();
  int beyond_two = 0;
  for (const float x : values) {
    REQUIRE(std::isfinite(x));
    beyond_two += std::abs(x) > 2.0f ? 1 : 0;
  }
  const Moments m = moments(values);
  CHECK(std::abs(m.mean) < 5.0 * std::sqrt(1.0 / count));
  CHECK(std::abs(m.variance - 1.0) < 5.0 * std::sqrt(2.0 / count));
  const double expected = 0.04550026;  // P(|x| > 2)
  CHECK(std::abs(beyond_two / static_cast<double>(count) - expected) <
        5.0 * std::sqrt(expected / count));
}

TEST_CASE("a position is all the state: a run is continued from it") {
  Random whole(11, 5);
  for (int i = 0; i < 10; ++i) (void)whole.uniform();
  Random resumed(whole.seed(), whole.stream(), whole.position());
  CHECK(resumed.position() == 10);
  for (int i = 0; i < 10; ++i) {
    CHECK(whole.uniform() == resumed.uniform());
    CHECK(whole.normal() == resumed.normal());
    CHECK(whole.bits() == resumed.bits());
    CHECK(whole.below(1000) == resumed.below(1000));
  }
}

TEST_CASE("below draws every value under its bound, evenly") {
  std::array<int, 7> counts{};
  Random random(3);
  for (int i = 0; i < 70000; ++i) ++counts.at(random.below(7));
  for (const int count : counts) CHECK(std::abs(count - 10000) < 500);
  CHECK(random.below(1) == 0);
  for (int i = 0; i < 100; ++i) CHECK(random.below(1ull << 63) < (1ull << 63));
}

TEST_CASE("streams by name are stable and distinct") {
  CHECK(random_stream("") == 14695981039346656037ull);
  CHECK(random_stream("a") == 0xaf63dc4c8601ec8cull);  // the published FNV-1a value
  std::set<std::uint64_t> streams;
  for (const char* name : {"fc1/weight", "fc2/weight", "out/weight", "dropout", "shuffle"})
    streams.insert(random_stream(name));
  CHECK(streams.size() == 5);
}

TEST_CASE("random numbers do not depend on the number of threads") {
  const int threads_before = thread_count();
  std::vector<float> one(1000);
  std::vector<float> four(1000);
  const auto fill = [](std::vector<float>& values) {
    parallel_ranges(1000, 10, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        values[static_cast<std::size_t>(i)] = random_normal(1, 2, static_cast<std::uint64_t>(i));
    });
  };
  set_thread_count(1);
  fill(one);
  set_thread_count(4);
  fill(four);
  set_thread_count(threads_before);
  CHECK(one == four);
}
