#pragma once

#include <cstdint>
#include <vector>

namespace spiketape {

/// Which samples train and which validate; each list ascends.
struct Split {
  std::vector<std::int64_t> training;
  std::vector<std::int64_t> validation;
};

/// Draws round(fraction * size) of `size` samples for validation; the rest train. A pure function
/// of its arguments; classes are not balanced. A fraction of 0 validates on nothing.
/// @throws DataError unless size >= 1 and 0 <= fraction < 1, or when a fraction above 0 leaves a
/// side without samples.
Split split_validation(std::int64_t size, double fraction, std::uint64_t seed = 0);

/// 0 .. size - 1, all samples in order.
std::vector<std::int64_t> all_samples(std::int64_t size);

}  // namespace spiketape
