#include "data/split.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "core/error.hpp"
#include "data/shuffle.hpp"

namespace spiketape {

std::vector<std::int64_t> all_samples(std::int64_t size) {
  std::vector<std::int64_t> samples(static_cast<std::size_t>(std::max<std::int64_t>(size, 0)));
  std::iota(samples.begin(), samples.end(), std::int64_t{0});
  return samples;
}

Split split_validation(std::int64_t size, double fraction, std::uint64_t seed) {
  if (size < 1)
    throw DataError(fmt::format("validation split: expected 1 sample or more, got {}", size));
  if (!(fraction >= 0.0 && fraction < 1.0))
    throw DataError(fmt::format("validation split: expected 0 <= fraction < 1, got {}", fraction));
  const auto held_out =
      static_cast<std::int64_t>(std::llround(fraction * static_cast<double>(size)));
  if (fraction > 0.0 && (held_out == 0 || held_out == size))
    throw DataError(
        fmt::format("validation split: a fraction of {} of {} samples leaves {} to train and {} to "
                    "validate; choose another "
                    "fraction (0: no validation)",
                    fraction,
                    size,
                    size - held_out,
                    held_out));
  std::vector<std::int64_t> samples = all_samples(size);
  shuffle(samples, seed, random_stream("validation split"));
  const auto middle = samples.begin() + held_out;
  Split split{{middle, samples.end()}, {samples.begin(), middle}};
  std::sort(split.training.begin(), split.training.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

}  // namespace spiketape
