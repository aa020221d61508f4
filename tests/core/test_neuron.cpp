#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/error.hpp"
#include "core/neuron.hpp"

using namespace spiketape;

namespace {

/// Steps one neuron by the definition in the header; returns the membrane of each record.
std::vector<double> membranes(const NeuronModel& model, const std::vector<double>& current) {
  const auto value = [](const NeuronModel::Coefficient& c) { return c.empty() ? 0.0 : c[0]; };
  const auto states = static_cast<std::size_t>(model.states);
  std::vector<double> x(states, 0.0);
  std::vector<double> result;
  double spike = 0.0;
  for (const double input : current) {
    std::vector<double> next(states, 0.0);
    for (std::size_t row = 0; row < states; ++row) {
      for (std::size_t column = 0; column < states; ++column)
        next[row] += value(model.a[row][column]) * x[column];
      next[row] += value(model.b[row]) * input + value(model.r[row]) * spike;
    }
    x = next;
    double membrane = 0.0;
    for (std::size_t row = 0; row < states; ++row) membrane += value(model.c[row]) * x[row];
    spike = membrane > model.threshold ? 1.0 : 0.0;
    result.push_back(membrane);
  }
  return result;
}

void check_list(const std::vector<double>& got, const std::vector<double>& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == doctest::Approx(expected[i]));
}

}  // namespace

TEST_CASE("a LIF neuron leaks, fires above its threshold and is reset by subtraction") {
  // 1.5 fires: 0.5 * 1.5 - 1 = -0.25, then 0.5 * -0.25 + 1 = 0.875.
  check_list(membranes(lif_model(0.5, 1.0, false), {1.5, 0.0, 1.0}), {1.5, -0.25, 0.875});
}

TEST_CASE("a current-based LIF neuron filters its input before the membrane, in the same step") {
  // syn = 0.8, 0.4, 0.2; v = 0.8, 0.2 + 0.4 + ..., by hand with decay 0.25:
  // v1 = 0.8, v2 = 0.25 * 0.8 + 0.4 = 0.6, v3 = 0.25 * 0.6 + 0.2 = 0.35.
  check_list(membranes(cuba_lif_model(0.5, 0.25, 1.0, false), {0.8, 0.0, 0.0}), {0.8, 0.6, 0.35});
}

TEST_CASE("an adaptive LIF neuron's spike raises its threshold") {
  // v = 2 fires; next v = 1 - 1 + 1.2 = 1.2 and q = 1, so the membrane is 1.2 - 0.5 = 0.7: silent.
  // Then v = 0.6 + 1 = 1.6, q = 0.5: 1.35 fires.
  check_list(membranes(adaptive_lif_model(0.5, 0.5, 0.5, 1.0, false), {2.0, 1.2, 1.0}),
             {2.0, 0.7, 1.35});
}

TEST_CASE("the reset's gradient is off unless asked for, an adaptation's is always on") {
  CHECK_FALSE(lif_model(0.5, 1.0, false).gradient_through_jump[0]);
  CHECK(lif_model(0.5, 1.0, true).gradient_through_jump[0]);
  CHECK_FALSE(cuba_lif_model(0.5, 0.5, 1.0, false).gradient_through_jump[1]);
  CHECK(cuba_lif_model(0.5, 0.5, 1.0, true).gradient_through_jump[1]);
  const NeuronModel adaptive = adaptive_lif_model(0.5, 0.5, 0.5, 1.0, false);
  CHECK_FALSE(adaptive.gradient_through_jump[0]);
  CHECK(adaptive.gradient_through_jump[1]);
}

TEST_CASE("coefficients are for the whole layer or one per neuron") {
  NeuronModel model = lif_model(0.9, 1.0, false);
  CHECK(model.width() == 0);
  CHECK_NOTHROW(model.check(33));
  model.a[0][0] = std::vector<double>(33, 0.9);
  CHECK(model.width() == 33);
  CHECK_NOTHROW(model.check(33));
  CHECK_THROWS_WITH_AS(
      model.check(32), doctest::Contains("coefficient a has 33 values for 32 neurons"), ShapeError);
  model.b[0] = std::vector<double>(2, 1.0);
  CHECK_THROWS_WITH_AS(model.check(33), doctest::Contains("coefficient b has 2"), ShapeError);
}

TEST_CASE(
    "a model with a wrong number of states, a bad window or a value that is not finite is "
    "refused") {
  const auto refuse = [](auto&& spoil, const char* words) {
    NeuronModel model = lif_model(0.9, 1.0, false);
    spoil(model);
    CHECK_THROWS_WITH_AS(model.check(4), doctest::Contains(words), Error);
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  refuse([](NeuronModel& m) { m.states = 0; }, "expected 1 to 3 states, got 0");
  refuse([](NeuronModel& m) { m.states = 4; }, "got 4");
  refuse([](NeuronModel& m) { m.window = 0.0; }, "window must be above 0");
  refuse([](NeuronModel& m) { m.window = -0.5; }, "window");
  refuse([&](NeuronModel& m) { m.window = nan; }, "window");
  refuse([&](NeuronModel& m) { m.threshold = nan; }, "threshold must be above 0");
  refuse([&](NeuronModel& m) { m.a[0][0] = {nan}; }, "coefficient a is not finite");
  refuse([&](NeuronModel& m) { m.r[0] = {infinity}; }, "coefficient r");
  NeuronModel dense = lif_model(0.9, 1.0, false);
  dense.window = infinity;
  CHECK_NOTHROW(dense.check(4));
}
