#pragma once

#include <array>
#include <cstdint>

/// Counter-based random numbers (Philox 4x32-10, Salmon et al. 2011, through Random123): a number
/// is a pure function of (seed, stream, counter), so results do not depend on threads or order, and
/// a resumed run needs no hidden state.
namespace spiketape {

/// 128 random bits at one counter of one stream of one seed.
std::array<std::uint32_t, 4> random_bits(std::uint64_t seed,
                                         std::uint64_t stream,
                                         std::uint64_t counter);

/// Uniform in [0, 1) at one counter.
float random_uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter);

/// Standard normal at one counter (Box-Muller).
float random_normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter);

/// A stable stream number for a name, e.g. of a parameter (FNV-1a).
std::uint64_t random_stream(const char* name);

/// The same numbers one after another; `position` is all its state.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0, std::uint64_t position = 0)
      : seed_(seed), stream_(stream), position_(position) {}

  std::uint32_t bits() { return random_bits(seed_, stream_, position_++)[0]; }
  float uniform() { return random_uniform(seed_, stream_, position_++); }
  float normal() { return random_normal(seed_, stream_, position_++); }
  /// Uniform in [0, bound), bound > 0, without modulo bias beyond 2^-64.
  std::uint64_t below(std::uint64_t bound);

  std::uint64_t seed() const { return seed_; }
  std::uint64_t stream() const { return stream_; }
  std::uint64_t position() const { return position_; }

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t position_;
};

}  // namespace spiketape
