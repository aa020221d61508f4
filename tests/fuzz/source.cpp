#include "tests/fuzz/source.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace spiketape::fuzz {

std::uint8_t Source::byte() {
  const Bytes one = take(1);
  return one.empty() ? std::uint8_t{0} : one[0];
}

std::int64_t Source::integer() {
  static constexpr std::array<std::int64_t, 16> kOften = {
      0,
      1,
      2,
      3,
      -1,
      255,
      256,
      65535,
      65536,
      std::numeric_limits<std::int32_t>::max(),
      std::numeric_limits<std::int32_t>::min(),
      std::int64_t{1} << 32,
      std::int64_t{1} << 40,
      std::int64_t{1} << 59,
      std::numeric_limits<std::int64_t>::max(),
      std::numeric_limits<std::int64_t>::min(),
  };
  const unsigned choice = byte();
  if (choice < 2 * kOften.size()) return kOften[choice / 2];
  if (choice < 128) return byte();
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 1 + choice % 8; ++i) value = value << 8 | byte();
  return static_cast<std::int64_t>(value);
}

double Source::real() {
  using Limits = std::numeric_limits<double>;
  static constexpr std::array<double, 10> kOften = {0.0,
                                                    -0.0,
                                                    1.0,
                                                    -1.0,
                                                    Limits::infinity(),
                                                    -Limits::infinity(),
                                                    Limits::quiet_NaN(),
                                                    Limits::denorm_min(),
                                                    Limits::max(),
                                                    Limits::min()};
  const unsigned choice = byte();
  if (choice < 2 * kOften.size()) return kOften[choice / 2];
  if (choice < 160) return static_cast<double>(byte()) / 64.0;
  return static_cast<double>(integer()) * (choice < 200 ? 1e-6 : 1.0);
}

Bytes Source::take(std::size_t n) {
  const Bytes taken = left_.first(std::min(n, left_.size()));
  left_ = left_.subspan(taken.size());
  return taken;
}

}  // namespace spiketape::fuzz
