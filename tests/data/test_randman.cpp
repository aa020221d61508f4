#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include "core/error.hpp"
#include "data/randman.hpp"

using namespace spiketape;
using doctest::Contains;

namespace {

const RandmanOptions kSmall{
    .classes = 3, .units = 20, .steps = 50, .train_samples = 100, .test_samples = 32};

/// The step at which each unit fires.
std::vector<int> steps_of(const Dataset& dataset, std::int64_t sample) {
  std::vector<StepEvent> events;
  dataset.encode(sample, events);
  std::vector<int> steps(static_cast<std::size_t>(dataset.neurons()), -1);
  for (const StepEvent event : events) {
    CHECK(steps[event.unit] == -1);
    steps[event.unit] = event.step;
  }
  return steps;
}

int distance(const std::vector<int>& a, const std::vector<int>& b) {
  int sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum;
}

struct Neighbours {
  double accuracy =
      0.0;  ///< share of test samples whose nearest training sample has the same label
  double distance = 0.0;  ///< steps between the two, mean over units and test samples
};

Neighbours nearest_neighbours(const RandmanData& data) {
  std::vector<std::vector<int>> train;
  for (std::int64_t i = 0; i < data.train.size(); ++i) train.push_back(steps_of(data.train, i));
  Neighbours mean;
  for (std::int64_t i = 0; i < data.test.size(); ++i) {
    const auto sample = steps_of(data.test, i);
    int nearest = std::numeric_limits<int>::max();
    std::int32_t label = -1;
    for (std::size_t j = 0; j < train.size(); ++j)
      if (const int d = distance(sample, train[j]); d < nearest) {
        nearest = d;
        label = data.train.label(static_cast<std::int64_t>(j));
      }
    mean.accuracy += label == data.test.label(i) ? 1.0 : 0.0;
    mean.distance += nearest / static_cast<double>(data.test.neurons());
  }
  const auto samples = static_cast<double>(data.test.size());
  return {mean.accuracy / samples, mean.distance / samples};
}

}  // namespace

TEST_CASE("a randman sample fires each unit once, and labels are balanced") {
  const RandmanData data = make_randman(kSmall);
  CHECK(data.train.size() == 100);
  CHECK(data.test.size() == 32);
  CHECK(data.train.steps() == 50);
  CHECK(data.train.neurons() == 20);
  CHECK(data.train.classes() == 3);
  CHECK(data.train.event_count() == 100 * 20);
  for (std::int64_t i = 0; i < data.train.size(); ++i) {
    CHECK(data.train.label(i) == i % 3);
    for (const int step : steps_of(data.train, i)) CHECK(step >= 0);
  }
}

TEST_CASE("randman spike times fill the whole sample") {
  const RandmanData data = make_randman(kSmall);
  std::vector<int> count(50, 0);
  for (std::int64_t i = 0; i < data.train.size(); ++i)
    for (const int step : steps_of(data.train, i)) ++count[static_cast<std::size_t>(step)];
  CHECK(count.front() > 0);
  CHECK(count.back() > 0);
}

TEST_CASE("randman is a pure function of its options") {
  RandmanOptions other = kSmall;
  other.seed = 1;
  const auto first = steps_of(make_randman(kSmall).test, 5);
  CHECK(first == steps_of(make_randman(kSmall).test, 5));
  CHECK(first != steps_of(make_randman(other).test, 5));
  CHECK(first != steps_of(make_randman(kSmall).train, 5));
}

TEST_CASE("randman's test samples lie on the manifolds of its training samples") {
  CHECK(nearest_neighbours(make_randman(kSmall)).accuracy > 0.95);
}

TEST_CASE("randman becomes rougher with smaller alpha and more dimensions") {
  RandmanOptions rough = kSmall;
  rough.alpha = 0.5;
  RandmanOptions wide = kSmall;
  wide.dimensions = 2;
  const double smooth = nearest_neighbours(make_randman(kSmall)).distance;
  CHECK(nearest_neighbours(make_randman(rough)).distance > 1.5 * smooth);
  CHECK(nearest_neighbours(make_randman(wide)).distance > 1.5 * smooth);
}

TEST_CASE("bad options of randman are errors that name them") {
  const auto with = [](auto change) {
    RandmanOptions options = kSmall;
    change(options);
    return make_randman(options);
  };
  CHECK_THROWS_WITH_AS(
      with([](auto& o) { o.classes = 1; }), Contains("classes of 2 or more, got 1"), DataError);
  CHECK_THROWS_WITH_AS(
      with([](auto& o) { o.dimensions = 0; }), Contains("dimensions of 1"), DataError);
  CHECK_THROWS_WITH_AS(with([](auto& o) { o.alpha = 0.0; }), Contains("alpha above 0"), DataError);
  CHECK_THROWS_WITH_AS(
      with([](auto& o) { o.test_samples = 2; }), Contains("test_samples of 3"), DataError);
  CHECK_THROWS_WITH_AS(
      with([](auto& o) { o.units = 0; }), Contains("1 to 65536 neurons"), ShapeError);
  CHECK_THROWS_WITH_AS(
      with([](auto& o) { o.steps = 65537; }), Contains("1 to 65536 steps"), ShapeError);
}
