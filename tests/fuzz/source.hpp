#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace spiketape::fuzz {

using Bytes = std::span<const std::uint8_t>;

/// A fuzzer's bytes as a row of decisions. When they are used up every further one is zero.
class Source {
 public:
  explicit Source(Bytes bytes) : left_(bytes) {}

  bool empty() const { return left_.empty(); }
  std::uint8_t byte();
  bool flag() { return (byte() & 1) != 0; }
  /// True once in `n` when the bytes are random, and never when they are zero.
  bool rarely(unsigned n) { return byte() % n == n - 1; }
  /// 0 .. n - 1, n at most 256.
  unsigned below(unsigned n) { return byte() % n; }
  /// Any number; the ends of the types and their neighbours come often.
  std::int64_t integer();
  /// Any number; zeros, infinities, NaN and the smallest come often.
  double real();
  /// The next `n` bytes, or those that are left.
  Bytes take(std::size_t n);
  Bytes rest() { return take(left_.size()); }

 private:
  Bytes left_;
};

}  // namespace spiketape::fuzz
