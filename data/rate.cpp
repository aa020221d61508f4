#include "data/rate.hpp"

#include <cmath>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/random.hpp"

namespace spiketape {
namespace {

/// Uniform in the open interval (0, 1): its logarithm is finite.
double open_uniform(std::uint32_t bits) { return (static_cast<double>(bits) + 0.5) * 0x1p-32; }

}  // namespace

RateEncoder::RateEncoder(RateOptions options) : options_(options) {
  const double largest = options.max_rate * options.dt;
  if (!(options.max_rate > 0.0 && options.dt > 0.0 && largest <= 1.0))
    throw DataError(
        fmt::format("rate encoder: expected max_rate and dt above 0 and max_rate * dt at most 1 "
                    "spike a step, got {} "
                    "and {}; lower one of them",
                    options.max_rate,
                    options.dt));
  if (options.steps < 1 || options.steps > kMaxDataSteps)
    throw DataError(
        fmt::format("rate encoder: expected 1 to {} steps, got {}", kMaxDataSteps, options.steps));
  for (std::size_t pixel = 1; pixel < gap_scale_.size(); ++pixel)
    gap_scale_[pixel] = 1.0 / std::log1p(-static_cast<double>(pixel) / 255.0 * largest);
  const auto key = random_bits(options.seed, random_stream("rate encoder"), 0);
  key_ = (static_cast<std::uint64_t>(key[0]) << 32) | key[1];
}

void RateEncoder::encode(std::span<const std::uint8_t> pixels,
                         std::int64_t sample,
                         std::int64_t epoch,
                         std::vector<StepEvent>& out) const {
  out.clear();
  const std::uint64_t stream =
      (static_cast<std::uint64_t>(epoch) << 32) ^ static_cast<std::uint64_t>(sample);
  const auto steps = static_cast<double>(options_.steps);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    if (pixels[i] == 0) continue;
    const double gap_scale = gap_scale_[pixels[i]];
    double step = 0.0;  // the first step that may fire
    for (std::uint64_t draw = 0; step < steps; draw += 4) {
      for (const std::uint32_t bits : random_bits(key_, stream, (i << 32) | (draw / 4))) {
        step += std::floor(std::log(open_uniform(bits)) * gap_scale);
        if (step >= steps) break;
        out.push_back({static_cast<std::uint16_t>(step), static_cast<std::uint16_t>(i)});
        step += 1.0;
      }
    }
  }
  sort_by_step(out, options_.steps);
}

}  // namespace spiketape
