#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "data/events.hpp"

namespace spiketape {

struct RateOptions {
  double max_rate = 100.0;  ///< spikes a second of a white pixel
  double dt = 1e-3;         ///< seconds a step
  std::int64_t steps = 100;
  std::uint64_t seed = 0;
};

/// Each pixel fires at each step with probability p = pixel / 255 * max_rate * dt, independently: a
/// Poisson process seen in steps. The silent steps between two spikes are drawn at once from their
/// geometric distribution, gap = floor(ln(1 - u) / ln(1 - p)), so the cost grows with the spikes
/// and not with the steps. Draw n of a pixel is word n mod 4 of the Philox block (key of `seed`,
/// epoch and sample, pixel, n / 4): a pure function of these five numbers.
class RateEncoder {
 public:
  /// @throws DataError when max_rate or dt is not above 0, max_rate * dt exceeds 1, or steps is not
  /// in [1, kMaxDataSteps].
  explicit RateEncoder(RateOptions options = {});

  const RateOptions& options() const { return options_; }
  /// Writes the events of image `sample` at `epoch` into `out` (cleared first), unit = place of the
  /// pixel, sorted by (step, unit). At most kMaxNeurons pixels.
  void encode(std::span<const std::uint8_t> pixels,
              std::int64_t sample,
              std::int64_t epoch,
              std::vector<StepEvent>& out) const;

 private:
  RateOptions options_;
  std::uint64_t key_ = 0;
  std::array<float, 256> gap_scale_{};  ///< 1 / ln(1 - p) of a pixel value; 0 where p = 1
};

}  // namespace spiketape
