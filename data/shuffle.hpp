#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/random.hpp"

namespace spiketape {

/// Brings `values` into a random order (Fisher-Yates), a pure function of the values, `seed` and
/// `stream`.
inline void shuffle(std::vector<std::int64_t>& values, std::uint64_t seed, std::uint64_t stream) {
  Random random(seed, stream);
  for (std::size_t left = values.size(); left > 1; --left)
    std::swap(values[left - 1], values[static_cast<std::size_t>(random.below(left))]);
}

}  // namespace spiketape
