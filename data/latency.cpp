#include "data/latency.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

constexpr double kAboveThreshold = 1e-7;  // keeps ln(x / (x - threshold)) finite at x = threshold

std::int32_t latency(std::uint8_t pixel, const LatencyOptions& options) {
  const double x = static_cast<double>(pixel) / 255.0;
  if (x < options.threshold) return -1;
  const double above = std::max(x, options.threshold + kAboveThreshold);
  const double step =
      std::floor(options.tau / options.dt * std::log(above / (above - options.threshold)));
  return step < static_cast<double>(options.steps) ? static_cast<std::int32_t>(step) : -1;
}

}  // namespace

LatencyEncoder::LatencyEncoder(LatencyOptions options) : options_(options) {
  const auto positive = [](double value) { return value > 0.0 && std::isfinite(value); };
  if (!positive(options.tau) || !positive(options.dt))
    throw DataError(
        fmt::format("latency encoder: expected finite tau and dt above 0, got {} and {}",
                    options.tau,
                    options.dt));
  if (!(options.threshold > 0.0 && options.threshold < 1.0))
    throw DataError(fmt::format(
        "latency encoder: expected a threshold between 0 and 1 (the brightest pixel), got {}",
        options.threshold));
  if (options.steps < 1 || options.steps > kMaxDataSteps)
    throw DataError(fmt::format(
        "latency encoder: expected 1 to {} steps, got {}", kMaxDataSteps, options.steps));
  for (std::size_t pixel = 0; pixel < step_of_.size(); ++pixel)
    step_of_[pixel] = latency(static_cast<std::uint8_t>(pixel), options);
}

void LatencyEncoder::encode(std::span<const std::uint8_t> pixels,
                            std::vector<StepEvent>& out) const {
  out.clear();
  for (std::size_t i = 0; i < pixels.size(); ++i)
    if (const std::int32_t step = step_of_[pixels[i]]; step >= 0)
      out.push_back({static_cast<std::uint16_t>(step), static_cast<std::uint16_t>(i)});
  sort_by_step(out, options_.steps);
}

}  // namespace spiketape
