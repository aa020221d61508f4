#include "data/randman.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/random.hpp"

namespace spiketape {
namespace {

constexpr std::int64_t kMostTerms = 200;
constexpr double kSmallestAmplitude = 1e-3;  // far below one of 100 steps
constexpr std::int64_t kReferencePoints = 512;

std::int64_t term_count(double alpha) {
  const double terms = std::pow(kSmallestAmplitude, -1.0 / alpha);
  return terms < static_cast<double>(kMostTerms) ? static_cast<std::int64_t>(terms) : kMostTerms;
}

/// amplitude * sin(frequency * x + phase)
struct Wave {
  double amplitude = 0.0;
  double frequency = 0.0;
  double phase = 0.0;
};

/// Spike time of one unit over the manifold of one class.
class TimeFunction {
 public:
  TimeFunction(const RandmanOptions& options, std::int64_t place)
      : dimensions_(options.dimensions) {
    const std::int64_t terms = term_count(options.alpha);
    const std::uint64_t stream = random_stream("randman manifold");
    for (std::int64_t i = 0; i < dimensions_ * terms; ++i) {
      const auto bits = random_bits(
          options.seed, stream, static_cast<std::uint64_t>(place * dimensions_ * terms + i));
      const auto uniform = [&](std::size_t word) {
        return static_cast<double>(bits[word]) * 0x1p-32;
      };
      const auto k = static_cast<double>(i % terms + 1);
      const double turn = 2.0 * std::numbers::pi;
      waves_.push_back(
          {std::pow(k, -options.alpha) * uniform(0), turn * k * uniform(1), turn * uniform(2)});
    }
  }

  double operator()(const double* x) const {
    double product = 1.0;
    const auto terms = waves_.size() / static_cast<std::size_t>(dimensions_);
    for (std::size_t d = 0; d < static_cast<std::size_t>(dimensions_); ++d) {
      double sum = 0.0;
      for (std::size_t k = 0; k < terms; ++k) {
        const Wave& wave = waves_[d * terms + k];
        sum += wave.amplitude * std::sin(wave.frequency * x[d] + wave.phase);
      }
      product *= sum;
    }
    return product;
  }

 private:
  std::int64_t dimensions_;
  std::vector<Wave> waves_;
};

/// Points of a manifold, uniform: `dimensions` numbers each.
std::vector<double> draw_points(const RandmanOptions& options,
                                const char* name,
                                std::int64_t count) {
  std::vector<double> points(static_cast<std::size_t>(count * options.dimensions));
  Random random(options.seed, random_stream(name));
  for (double& x : points) x = static_cast<double>(random.uniform());
  return points;
}

/// Steps of one unit at points of one class, scaled by the extremes over `reference`.
class SpikeTimes {
 public:
  SpikeTimes(const RandmanOptions& options,
             std::int64_t place,
             const std::vector<double>& reference)
      : time_(options, place), steps_(static_cast<double>(options.steps)) {
    const auto stride = static_cast<std::size_t>(options.dimensions);
    for (std::size_t i = 0; i < reference.size(); i += stride) {
      const double value = time_(&reference[i]);
      low_ = std::min(low_, value);
      high_ = std::max(high_, value);
    }
  }

  std::uint16_t operator()(const double* x) const {
    const double relative = high_ > low_ ? (time_(x) - low_) / (high_ - low_) : 0.0;
    return static_cast<std::uint16_t>(std::clamp(std::floor(steps_ * relative), 0.0, steps_ - 1.0));
  }

 private:
  TimeFunction time_;
  double steps_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
};

EventDataset sample_manifolds(const RandmanOptions& options,
                              const std::vector<SpikeTimes>& times,
                              const char* name,
                              std::int64_t count) {
  EventDataset dataset(options.steps, options.units, options.classes);
  const std::vector<double> points = draw_points(options, name, count);
  std::vector<StepEvent> events(static_cast<std::size_t>(options.units));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t label = i % options.classes;
    const double* x = &points[static_cast<std::size_t>(i * options.dimensions)];
    for (std::int64_t unit = 0; unit < options.units; ++unit)
      events[static_cast<std::size_t>(unit)] = {
          times[static_cast<std::size_t>(label * options.units + unit)](x),
          static_cast<std::uint16_t>(unit)};
    dataset.append(events, static_cast<std::int32_t>(label));
  }
  return dataset;
}

void check(const RandmanOptions& options) {
  check_dataset_sizes("randman", options.steps, options.units, options.classes);
  const auto at_least = [](const char* name, std::int64_t value, std::int64_t least) {
    if (value < least)
      throw DataError(
          fmt::format("randman: expected {} of {} or more, got {}", name, least, value));
  };
  at_least("classes", options.classes, 2);
  at_least("dimensions", options.dimensions, 1);
  at_least("train_samples", options.train_samples, options.classes);
  at_least("test_samples", options.test_samples, options.classes);
  if (!(options.alpha > 0.0 && std::isfinite(options.alpha)))
    throw DataError(fmt::format("randman: expected alpha above 0, got {}", options.alpha));
}

}  // namespace

RandmanData make_randman(const RandmanOptions& options) {
  check(options);
  const std::vector<double> reference = draw_points(options, "randman reference", kReferencePoints);
  std::vector<SpikeTimes> times;
  times.reserve(static_cast<std::size_t>(options.classes * options.units));
  for (std::int64_t place = 0; place < options.classes * options.units; ++place)
    times.emplace_back(options, place, reference);
  return {sample_manifolds(options, times, "randman train", options.train_samples),
          sample_manifolds(options, times, "randman test", options.test_samples)};
}

}  // namespace spiketape
