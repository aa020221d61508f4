#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "core/device.hpp"

/// The same test body on the CPU and on each card (or the emulated one).
namespace spiketape::tests {

/// Calls body(device) for every device of this machine.
template <typename Body>
void for_each_device(const Body& body) {
  for (const Device device : available_devices()) {
    INFO("on ", to_string(device));
    body(device);
  }
}

/// Calls body(device) for every device but the CPU.
template <typename Body>
void for_each_card(const Body& body) {
  for_each_device([&](Device device) {
    if (device != kCpu) body(device);
  });
}

/// Both lists have the same NaNs, and numbers that differ by no more than `tolerance`, relative to
/// the larger of 1 and the number. Cards round exp, log, tanh and pow otherwise than the CPU.
inline void check_close(const std::vector<float>& got,
                        const std::vector<float>& expected,
                        float tolerance = 1e-6f) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    if (std::isnan(expected[i]) || std::isinf(expected[i])) {
      CHECK(std::isnan(got[i]) == std::isnan(expected[i]));
      CHECK(std::isinf(got[i]) == std::isinf(expected[i]));
    } else {
      CHECK(std::fabs(got[i] - expected[i]) <= tolerance * std::max(1.0f, std::fabs(expected[i])));
    }
  }
}

/// Numbers of values around a warp, a block, and a block's share of a reduction.
inline constexpr std::int64_t kSizesAroundAWarp[] = {0, 1, 31, 32, 33, 257, 1025};

}  // namespace spiketape::tests
