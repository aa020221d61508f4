#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.hpp"
#include "data/rate.hpp"

using namespace spiketape;
using doctest::Contains;

namespace {

std::vector<StepEvent> encode(const RateEncoder& encoder,
                              const std::vector<std::uint8_t>& pixels,
                              std::int64_t sample = 0,
                              std::int64_t epoch = 0) {
  std::vector<StepEvent> events;
  encoder.encode(pixels, sample, epoch, events);
  return events;
}

}  // namespace

// 2,000 pixels over 100 steps: the count of each value is binomial; five standard deviations are
// allowed.
TEST_CASE("pixels fire as often as their brightness says") {
  const RateEncoder encoder({.max_rate = 100.0});
  for (const int value : {1, 64, 128, 255}) {
    const double p = value / 255.0 * 0.1;
    const double trials = 2000.0 * 100.0;
    const auto count = static_cast<double>(
        encode(encoder, std::vector<std::uint8_t>(2000, static_cast<std::uint8_t>(value))).size());
    CHECK(std::abs(count - trials * p) < 5.0 * std::sqrt(trials * p * (1.0 - p)));
  }
}

TEST_CASE("every step is equally likely, and so is a spike after a spike") {
  const RateEncoder encoder({.max_rate = 200.0, .steps = 10});
  const double p = 0.2;
  const double units = 20000.0;
  std::vector<double> per_step(10, 0.0);
  std::vector<std::vector<bool>> fired(20000, std::vector<bool>(10, false));
  for (const StepEvent event : encode(encoder, std::vector<std::uint8_t>(20000, 255))) {
    per_step[event.step] += 1.0;
    CHECK_FALSE(fired[event.unit][event.step]);
    fired[event.unit][event.step] = true;
  }
  for (const double count : per_step)
    CHECK(std::abs(count - units * p) < 5.0 * std::sqrt(units * p * (1.0 - p)));
  double pairs = 0.0;
  for (const auto& unit : fired) pairs += unit[3] && unit[4] ? 1.0 : 0.0;
  CHECK(std::abs(pairs - units * p * p) < 5.0 * std::sqrt(units * p * p));
}

TEST_CASE("black pixels never fire and a probability of one fires at every step") {
  const RateEncoder encoder({.max_rate = 1000.0, .steps = 3});
  CHECK(encode(encoder, {0, 255, 0, 255}) ==
        std::vector<StepEvent>{{0, 1}, {0, 3}, {1, 1}, {1, 3}, {2, 1}, {2, 3}});
  CHECK(encode(encoder, {}).empty());
}

TEST_CASE("rate events depend on seed, sample and epoch and on nothing else") {
  const std::vector<std::uint8_t> pixels(100, 200);
  const RateEncoder encoder({.seed = 5});
  const auto events = encode(encoder, pixels, 3, 2);
  CHECK(std::is_sorted(events.begin(), events.end()));
  CHECK(events == encode(RateEncoder({.seed = 5}), pixels, 3, 2));
  CHECK(events != encode(encoder, pixels, 2, 3));
  CHECK(events != encode(encoder, pixels, 3, 3));
  CHECK(events != encode(encoder, pixels, 4, 2));
  CHECK(events != encode(RateEncoder({.seed = 6}), pixels, 3, 2));
}

TEST_CASE("a tiny rate is silent, not undefined") {
  CHECK(encode(RateEncoder({.max_rate = 1e-30, .steps = 65536}), std::vector<std::uint8_t>(500, 1))
            .empty());
  CHECK(encode(RateEncoder({.max_rate = 1e-300}), std::vector<std::uint8_t>(500, 1)).empty());
}

TEST_CASE("bad settings of the rate encoder are errors") {
  CHECK_THROWS_WITH_AS(
      RateEncoder({.max_rate = 1001.0}), Contains("max_rate * dt at most 1"), DataError);
  CHECK_THROWS_AS(RateEncoder({.max_rate = 0.0}), DataError);
  CHECK_THROWS_AS(RateEncoder({.max_rate = std::nan("")}), DataError);
  CHECK_THROWS_WITH_AS(
      RateEncoder({.steps = 70000}), Contains("expected 1 to 65536 steps"), DataError);
}
