#include "data/rate.hpp"

#include <cmath>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/random.hpp"

namespace spiketape {
namespace {

/// Uniform in (0, 1]: its logarithm is finite.
float open_uniform(std::uint32_t bits) { return (static_cast<float>(bits >> 8) + 0.5f) * 0x1p-24f; }

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
    gap_scale_[pixel] =
        static_cast<float>(1.0 / std::log1p(-static_cast<double>(pixel) / 255.0 * largest));
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
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    if (pixels[i] == 0) continue;
    const float gap_scale = gap_scale_[pixels[i]];
    std::int64_t step = 0;  // the first step that may fire
    for (std::uint64_t block = 0; step < options_.steps; ++block) {
      for (const std::uint32_t bits : random_bits(key_, stream, (i << 32) | block)) {
        const float gap = std::log(open_uniform(bits)) * gap_scale;
        if (!(gap < static_cast<float>(options_.steps - step))) {
          step = options_.steps;
          break;
        }
        step += static_cast<std::int64_t>(gap);
        out.push_back({static_cast<std::uint16_t>(step), static_cast<std::uint16_t>(i)});
        ++step;
      }
    }
  }
  sort_by_step(out, options_.steps);
}

}  // namespace spiketape
