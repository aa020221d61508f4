#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "data/binning.hpp"

using namespace spiketape;
using doctest::Contains;

TEST_CASE("events are binned by floor(t / dt) and sorted by step and unit") {
  Binner binner({.dt = 2e-3, .steps = 5}, 10);
  binner.add(0.0079, 3);
  binner.add(0.0, 9);
  binner.add(0.0019, 2);
  const auto events = binner.finish();
  REQUIRE(events.size() == 3);
  CHECK(events[0] == StepEvent{0, 2});
  CHECK(events[1] == StepEvent{0, 9});
  CHECK(events[2] == StepEvent{3, 3});
  CHECK(binner.report().kept == 3);
}

TEST_CASE("a count of microseconds on the edge of a step is in the step that begins there") {
  for (const double dt : {1e-3, 0.1, 3e-6, 7e-4}) {
    CAPTURE(dt);
    const std::int64_t dt_us = std::llround(dt * 1e6);
    Binner binner({.dt = dt, .steps = 400}, 1);
    for (std::int64_t step = 0; step < 400; ++step) {
      binner.add_microseconds(step * dt_us, 0);
      binner.add_microseconds((step + 1) * dt_us - 1, 0);
    }
    const auto events = binner.finish();
    REQUIRE(events.size() == 400);
    CHECK(events.back().step == 399);
    CHECK(binner.report().merged == 400);
    CHECK(binner.report().late == 0);
  }
}

TEST_CASE("steps that are no whole number of microseconds, and times before the start") {
  Binner binner({.dt = 1.5e-6, .steps = 4}, 1);
  for (const std::int64_t microseconds : {0, 1, 2, 4, 6, -1})
    binner.add_microseconds(microseconds, 0);
  const auto events = binner.finish();
  REQUIRE(events.size() == 3);
  CHECK(events[1].step == 1);
  CHECK(events[2].step == 2);
  CHECK(binner.report().merged == 1);
  CHECK(binner.report().late == 1);
  CHECK(binner.report().early == 1);
}

TEST_CASE("what does not fit a sample is left out and counted by reason") {
  Binner binner({.dt = 1e-3, .steps = 10}, 4);
  binner.add(0.01, 1);    // the first moment after the last step
  binner.add(0.0099, 1);  // within the last step
  binner.add(-0.001, 1);  // before the start
  binner.add(std::numeric_limits<double>::quiet_NaN(), 1);
  binner.add(std::numeric_limits<double>::infinity(), 1);
  binner.add(0.001, 4);
  binner.add(0.001, -1);
  CHECK(binner.finish().size() == 1);
  const BinningReport& report = binner.report();
  CHECK(report.recordings == 1);
  CHECK(report.kept == 1);
  CHECK(report.late == 1);
  CHECK(report.early == 1);
  CHECK(report.bad_time == 2);
  CHECK(report.bad_unit == 2);
  CHECK(report.in_words() ==
        "1 recordings, 1 events; 1 came after the last step and were cut off; 1 came before the "
        "start and were dropped; 2 had no finite time and were dropped; 2 lay outside the sensor "
        "and were dropped");
}

TEST_CASE("repeats within a step are merged, or kept where asked") {
  for (const bool merge : {true, false}) {
    CAPTURE(merge);
    Binner binner({.dt = 1e-3, .steps = 10, .merge_repeats = merge}, 4);
    for (int i = 0; i < 3; ++i) binner.add(0.0015, 2);
    binner.add(0.0025, 2);
    CHECK(binner.finish().size() == (merge ? 2 : 4));
    CHECK(binner.report().merged == (merge ? 2 : 0));
  }
}

TEST_CASE("a binner serves recordings one after the other, empty ones too") {
  Binner binner({.dt = 1e-3, .steps = 10}, 4);
  binner.add(0.001, 1);
  CHECK(binner.finish().size() == 1);
  CHECK(binner.finish().empty());
  binner.add(0.002, 3);
  CHECK(binner.finish().size() == 1);
  CHECK(binner.report().recordings == 3);
  CHECK(binner.report().kept == 2);
}

TEST_CASE("bad settings of binning are errors") {
  CHECK_THROWS_WITH_AS(Binner({.dt = 0.0}, 4), Contains("expected dt in seconds"), DataError);
  CHECK_THROWS_AS(Binner({.dt = std::numeric_limits<double>::quiet_NaN()}, 4), DataError);
  CHECK_THROWS_WITH_AS(Binner({.steps = 0}, 4), Contains("expected 1 to 65536 steps"), ShapeError);
  CHECK_THROWS_AS(Binner({}, 65537), ShapeError);
}
