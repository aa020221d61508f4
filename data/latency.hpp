#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "data/events.hpp"

namespace spiketape {

struct LatencyOptions {
  double tau = 20e-3;      ///< seconds
  double dt = 1e-3;        ///< seconds a step
  double threshold = 0.2;  ///< fainter pixels never fire
  std::int64_t steps = 100;
};

/// Each pixel fires at most once, bright ones first: with x = pixel / 255 and tau in steps,
///
///     t = floor(tau ln(x / (x - threshold)))
///
/// the time at which a leaky integrator with constant input x crosses the threshold. A pixel with x
/// < threshold never fires, and spikes at or after `steps` are dropped. At x = threshold the time
/// is infinite; x is then taken 1e-7 higher, as in the paper's code. Source: Perez-Nieves & Goodman
/// 2021, section 4 (after Zenke's spytorch tutorial).
class LatencyEncoder {
 public:
  /// @throws DataError when tau, dt or threshold is not above 0, or steps is not in [1,
  /// kMaxDataSteps].
  explicit LatencyEncoder(LatencyOptions options = {});

  const LatencyOptions& options() const { return options_; }
  /// The step at which a pixel fires, or -1 when it does not.
  std::int32_t step_of(std::uint8_t pixel) const { return step_of_[pixel]; }
  /// Writes the events of an image into `out` (cleared first), unit = place of the pixel, sorted by
  /// (step, unit). At most kMaxNeurons pixels.
  void encode(std::span<const std::uint8_t> pixels, std::vector<StepEvent>& out) const;

 private:
  LatencyOptions options_;
  std::array<std::int32_t, 256> step_of_{};
};

}  // namespace spiketape
