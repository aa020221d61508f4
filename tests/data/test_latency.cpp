#include <doctest/doctest.h>

#include <vector>

#include "core/error.hpp"
#include "data/latency.hpp"

using namespace spiketape;
using doctest::Contains;

// By hand: 20 ln(255 / 204) = 4.46; 20 ln(100 / 49) = 14.27; 20 ln(52 / 1) = 79.02.
TEST_CASE("the latency of a pixel is floor(tau ln(x / (x - threshold)))") {
  const LatencyEncoder encoder;
  CHECK(encoder.step_of(255) == 4);
  CHECK(encoder.step_of(100) == 14);
  CHECK(encoder.step_of(52) == 79);
  CHECK(encoder.step_of(0) == -1);
  CHECK(encoder.step_of(50) == -1);
  for (int pixel = 53; pixel < 256; ++pixel)
    CHECK(encoder.step_of(static_cast<std::uint8_t>(pixel)) <=
          encoder.step_of(static_cast<std::uint8_t>(pixel - 1)));
}

TEST_CASE("a pixel at the threshold fires after 1e-7 above it would, if the sample is that long") {
  CHECK(LatencyEncoder().step_of(51) == -1);
  CHECK(LatencyEncoder({.steps = 400}).step_of(51) == 290);  // 20 ln(0.2000001 / 1e-7) = 290.17
  CHECK(LatencyEncoder({.steps = 291}).step_of(51) == 290);
  CHECK(LatencyEncoder({.steps = 290}).step_of(51) == -1);
}

TEST_CASE("latencies scale with tau over dt and are dropped at the end of the sample") {
  CHECK(LatencyEncoder({.tau = 40e-3}).step_of(255) == 8);
  CHECK(LatencyEncoder({.dt = 0.5e-3}).step_of(255) == 8);
  CHECK(LatencyEncoder({.steps = 5}).step_of(255) == 4);
  CHECK(LatencyEncoder({.steps = 4}).step_of(255) == -1);
}

TEST_CASE("latency events come sorted by step and then unit, and empty images give none") {
  const LatencyEncoder encoder;
  std::vector<StepEvent> events{{1, 1}};
  encoder.encode(std::vector<std::uint8_t>{100, 255, 0, 255, 51}, events);
  CHECK(events == std::vector<StepEvent>{{4, 1}, {4, 3}, {14, 0}});
  encoder.encode(std::vector<std::uint8_t>(784, 0), events);
  CHECK(events.empty());
  encoder.encode({}, events);
  CHECK(events.empty());
}

TEST_CASE("bad settings of the latency encoder are errors") {
  CHECK_THROWS_WITH_AS(
      LatencyEncoder({.tau = 0.0}), Contains("finite tau and dt above 0, got 0"), DataError);
  CHECK_THROWS_AS(LatencyEncoder({.dt = -1.0}), DataError);
  CHECK_THROWS_AS(LatencyEncoder({.threshold = 0.0}), DataError);
  CHECK_THROWS_WITH_AS(
      LatencyEncoder({.threshold = 1.0}), Contains("threshold between 0 and 1"), DataError);
  CHECK_THROWS_WITH_AS(
      LatencyEncoder({.steps = 0}), Contains("expected 1 to 65536 steps, got 0"), DataError);
  CHECK_THROWS_AS(LatencyEncoder({.steps = 65537}), DataError);
}
