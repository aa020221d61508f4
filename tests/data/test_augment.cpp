#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "data/augment.hpp"
#include "data/event_dataset.hpp"
#include "data/split.hpp"

namespace spiketape {
namespace {

using Events = std::vector<StepEvent>;

Events augmented(const Dataset& set,
                 const AugmentOptions& options,
                 std::int64_t sample = 0,
                 std::int64_t epoch = 0) {
  const AugmentedDataset view(set, all_samples(set.size()), options);
  Events out;
  view.encode(sample, out, epoch);
  return out;
}

/// One sample on [1000, 400] with an event of unit 200 at every second step from 200 to 798.
EventDataset comb() {
  EventDataset set(1000, 400, 1);
  Events events;
  for (int i = 100; i < 400; ++i) events.push_back({static_cast<std::uint16_t>(2 * i), 200});
  set.append(events, 0);
  return set;
}

TEST_CASE("nothing is changed by default") {
  const EventDataset set = comb();
  Events raw;
  set.encode(0, raw);
  CHECK_FALSE(AugmentOptions{}.any());
  CHECK(augmented(set, {}) == raw);
}

TEST_CASE("a shift moves the whole sample by up to so many units") {
  const EventDataset set = comb();
  std::set<int> moved;
  for (std::int64_t epoch = 0; epoch < 200; ++epoch) {
    const Events events = augmented(set, {.shift = 3}, 0, epoch);
    REQUIRE(events.size() == 300);
    const int by = events.front().unit - 200;
    CHECK(std::all_of(
        events.begin(), events.end(), [by](StepEvent event) { return event.unit == 200 + by; }));
    moved.insert(by);
  }
  CHECK(moved == std::set<int>{-3, -2, -1, 0, 1, 2, 3});
}

TEST_CASE("a shift on a sensor with rows moves in x and y, stays in its plane, and does not wrap") {
  EventDataset set(1, 2 * 5 * 4, 1);            // two planes of 5 x 4
  set.append(Events{{0, 0}, {0, 20 + 19}}, 0);  // a corner of each: (0, 0, 0) and (4, 3, 1)
  const AugmentOptions options{.shift = 1, .sensor = {.width = 5, .height = 4}};
  std::set<Events> seen;
  for (std::int64_t epoch = 0; epoch < 400; ++epoch) seen.insert(augmented(set, options, 0, epoch));
  const std::set<Events> expected{{{0, 0}, {0, 39}},  // stays
                                  {{0, 1}},           // right: the other corner leaves
                                  {{0, 5}},           // down
                                  {{0, 6}},           // right and down
                                  {{0, 38}},
                                  {{0, 34}},
                                  {{0, 33}},
                                  {}};  // right and up, left and down: both leave
  CHECK(seen == expected);
}

TEST_CASE("dropping leaves out the share that was asked for") {
  const EventDataset set = comb();
  double kept = 0.0;
  for (std::int64_t epoch = 0; epoch < 100; ++epoch)
    kept += static_cast<double>(augmented(set, {.drop = 0.3}, 0, epoch).size());
  // 30,000 draws: the standard deviation of the mean is 0.0026.
  CHECK(kept / 30000.0 == doctest::Approx(0.7).epsilon(0.02));
}

TEST_CASE("a stretch scales all times by one factor") {
  const EventDataset set = comb();
  double least = 2.0;
  double most = 0.0;
  for (std::int64_t epoch = 0; epoch < 200; ++epoch) {
    const Events events = augmented(set, {.stretch = 0.2}, 0, epoch);
    REQUIRE(events.size() == 300);
    const double factor = static_cast<double>(events.back().step) / 798.0;
    CHECK(events.front().step == doctest::Approx(200.0 * factor).epsilon(0.01));
    least = std::min(least, factor);
    most = std::max(most, factor);
  }
  CHECK(least > 0.79);
  CHECK(least < 0.83);
  CHECK(most < 1.21);
  CHECK(most > 1.17);
}

TEST_CASE("jitter moves each event by a normal of that standard deviation") {
  EventDataset set(1000, 300, 1);
  Events events;
  for (int unit = 0; unit < 300; ++unit) events.push_back({500, static_cast<std::uint16_t>(unit)});
  set.append(events, 0);
  double sum = 0.0;
  double squares = 0.0;
  for (std::int64_t epoch = 0; epoch < 100; ++epoch) {
    const Events moved = augmented(set, {.jitter = 5.0}, 0, epoch);
    REQUIRE(moved.size() == 300);
    CHECK(std::is_sorted(moved.begin(), moved.end()));
    for (const StepEvent event : moved) {
      const double by = static_cast<double>(event.step) - 500.0;
      sum += by;
      squares += by * by;
    }
  }
  CHECK(std::abs(sum / 30000.0) < 0.12);  // 4 standard deviations of the mean
  // Rounding to whole steps adds 1/12 to the variance.
  CHECK(std::sqrt(squares / 30000.0) ==
        doctest::Approx(std::sqrt(25.0 + 1.0 / 12.0)).epsilon(0.02));
}

TEST_CASE("events that end up at one place are merged, or kept when asked") {
  EventDataset set(10, 1, 1);
  set.append(Events{{0, 0}, {1, 0}}, 0);
  bool met = false;
  for (std::int64_t epoch = 0; epoch < 50; ++epoch) {
    const Events kept = augmented(set, {.stretch = 0.9, .merge_repeats = false}, 0, epoch);
    REQUIRE(kept.size() == 2);
    const Events merged = augmented(set, {.stretch = 0.9}, 0, epoch);
    CHECK(merged.size() == (kept[0] == kept[1] ? 1 : 2));
    met = met || kept[0] == kept[1];
  }
  CHECK(met);
}

TEST_CASE("a blend takes half of each of two samples of a class, on one centre") {
  EventDataset set(1000, 100, 2);
  Events early;
  Events late;
  for (std::uint16_t i = 0; i < 200; ++i) {
    early.push_back({static_cast<std::uint16_t>(100 + i), 20});
    late.push_back({static_cast<std::uint16_t>(600 + i), 70});
  }
  set.append(early, 0);
  set.append(late, 0);
  set.append(Events{{0, 0}}, 1);
  set.append(Events{{1, 1}}, 0);  // held out below
  const AugmentedDataset view(
      set, std::vector<std::int64_t>{0, 1, 2}, {.blend = 1.0, .merge_repeats = false});
  std::vector<StepEvent> scratch;
  double count = 0.0;
  for (std::int64_t epoch = 0; epoch < 50; ++epoch) {
    const auto events = view.events(0, epoch, scratch);
    count += static_cast<double>(events.size());
    for (const StepEvent event : events) {
      CHECK(event.unit == 20);  // the other's channel moved onto this one's
      CHECK(event.step >= 100);
      CHECK(event.step < 300);
    }
  }
  CHECK(count / 50.0 == doctest::Approx(200.0).epsilon(0.05));
}

TEST_CASE("an empty sample blends into nothing but half of the other") {
  EventDataset set(10, 100, 1);
  set.append({}, 0);
  Events full;
  for (std::uint16_t unit = 0; unit < 100; ++unit) full.push_back({3, unit});
  set.append(full, 0);
  for (std::int64_t epoch = 0; epoch < 20; ++epoch)
    CHECK(augmented(set, {.blend = 1.0}, 0, epoch).size() < 75);
}

TEST_CASE("an augmented sample is a pure function of seed, sample and epoch") {
  EventDataset set = comb();
  Events raw;
  set.encode(0, raw);
  set.append(raw, 0);
  const auto options = [](std::uint64_t seed) {
    return AugmentOptions{
        .blend = 0.5, .stretch = 0.1, .shift = 5, .jitter = 2.0, .drop = 0.1, .seed = seed};
  };
  CHECK(augmented(set, options(1), 0, 7) == augmented(set, options(1), 0, 7));
  CHECK(augmented(set, options(1), 0, 7) != augmented(set, options(1), 0, 8));
  CHECK(augmented(set, options(1), 0, 7) != augmented(set, options(1), 1, 7));
  CHECK(augmented(set, options(1), 0, 7) != augmented(set, options(2), 0, 7));
}

TEST_CASE("augmentations that make no sense are errors that name the option") {
  const EventDataset set = comb();
  const auto wrong = [&](const AugmentOptions& options, const char* name) {
    CHECK_THROWS_WITH_AS(augmented(set, options), doctest::Contains(name), DataError);
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  wrong({.blend = 1.1}, "blend: expected a probability");
  wrong({.blend = nan}, "blend");
  wrong({.stretch = 1.0}, "stretch");
  wrong({.shift = -1}, "shift");
  wrong({.jitter = -1.0}, "jitter");
  wrong({.jitter = std::numeric_limits<double>::infinity()}, "jitter");
  wrong({.drop = 1.0}, "drop");
  wrong({.sensor = {.width = 34, .height = 34}}, "34 x 34 does not divide");
  CHECK_THROWS_AS(AugmentedDataset(set, std::vector<std::int64_t>{5}, {}), DataError);
}

}  // namespace
}  // namespace spiketape
