#include "core/random.hpp"

#include <cmath>
#include <numbers>

#include <Random123/philox.h>

namespace spiketape {
namespace {

/// 24 random bits as a float in [0, 1): every value is exact.
float unit_interval(std::uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

}  // namespace

std::array<std::uint32_t, 4> random_bits(std::uint64_t seed,
                                         std::uint64_t stream,
                                         std::uint64_t counter) {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  const r123::Philox4x32::ctr_type at = {{low(counter), high(counter), low(stream), high(stream)}};
  const r123::Philox4x32::key_type key = {{low(seed), high(seed)}};
  const auto drawn = r123::Philox4x32{}(at, key);
  return {drawn[0], drawn[1], drawn[2], drawn[3]};
}

float random_uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
  return unit_interval(random_bits(seed, stream, counter)[0]);
}

float random_normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
  const auto bits = random_bits(seed, stream, counter);
  const double radius = std::sqrt(-2.0 * std::log1p(-static_cast<double>(unit_interval(bits[0]))));
  const double angle = 2.0 * std::numbers::pi * static_cast<double>(unit_interval(bits[1]));
  return static_cast<float>(radius * std::cos(angle));
}

std::uint64_t random_stream(const char* name) {
  std::uint64_t hash = 14695981039346656037ull;
  for (; *name != '\0'; ++name)
    hash = (hash ^ static_cast<unsigned char>(*name)) * 1099511628211ull;
  return hash;
}

std::uint64_t Random::below(std::uint64_t bound) {
  const auto drawn = random_bits(seed_, stream_, position_++);
  const std::uint64_t wide = (static_cast<std::uint64_t>(drawn[0]) << 32) | drawn[1];
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(wide) * bound) >> 64);
}

}  // namespace spiketape
