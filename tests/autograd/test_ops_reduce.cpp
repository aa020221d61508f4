#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "autograd/gradient_check.hpp"
#include "autograd/ops.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "tests/autograd/on_devices.hpp"
#include "tests/autograd/values.hpp"

namespace spiketape::tests {

TEST_CASE("sum, mean and max give the values computed by hand") {
  for_each_device([&](Device device) {
    const Variable x = leaf({2, 3}, {1, 2, 3, 4, 8, 6}, device);
    CHECK(sum(x).shape() == Shape{});
    CHECK(sum(x).item() == 24);
    CHECK(mean(x).item() == 4);
    CHECK(max(x).item() == 8);
    CHECK(list(sum(x, {0}).value()) == Floats{5, 10, 9});
    CHECK(list(sum(x, {1}).value()) == Floats{6, 18});
    CHECK(list(mean(x, {-1}).value()) == Floats{2, 6});
    CHECK(list(max(x, {0}).value()) == Floats{4, 8, 6});
    CHECK(list(max(x, {1}).value()) == Floats{3, 8});
  });
}

TEST_CASE("reduced axes disappear, or stay with size 1") {
  for_each_device([&](Device device) {
    const Variable x(uniform({2, 3, 4}, 1, 0.0f, 1.0f, device));
    CHECK(sum(x, {1}).shape() == Shape{2, 4});
    CHECK(sum(x, {1}, true).shape() == Shape{2, 1, 4});
    CHECK(mean(x, {0, -1}).shape() == Shape{3});
    CHECK(mean(x, {-1, 0}, true).shape() == Shape{1, 3, 1});
    CHECK(max(x, {}, true).shape() == Shape{1, 1, 1});
    CHECK(max(Variable(Tensor::scalar(2.0f, device))).item() == 2.0f);
  });
}

TEST_CASE("sums over any axes agree with a plain loop in double") {
  for_each_device([&](Device device) {
    const Shape shape{3, 5, 1, 7};
    const Tensor x = uniform(shape, 2, -1.0f, 1.0f);
    for (unsigned mask = 1; mask < 16; ++mask) {
      CAPTURE(mask);
      std::vector<std::int64_t> axes;
      for (unsigned axis = 0; axis < 4; ++axis)
        if ((mask >> axis & 1u) != 0u) axes.push_back(static_cast<std::int64_t>(axis));
      const Variable y = sum(Variable(x.to(device)), axes, true);
      const Floats sums = list(y.value());
      const Shape& kept = y.shape();
      std::vector<double> expected(static_cast<std::size_t>(y.value().size()), 0.0);
      for (std::int64_t i = 0; i < x.size(); ++i) {
        const std::int64_t at[4] = {i / 35, i / 7 % 5, 0, i % 7};
        std::int64_t to = 0;
        for (std::size_t axis = 0; axis < 4; ++axis)
          to = to * kept[axis] + (kept[axis] == 1 ? 0 : at[axis]);
        expected[static_cast<std::size_t>(to)] += static_cast<double>(x.data()[i]);
      }
      for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(static_cast<double>(sums[i]) == doctest::Approx(expected[i]).epsilon(1e-6));
    }
  });
}

TEST_CASE("the gradients of reductions agree with central differences") {
  for_each_device([&](Device device) {
    // A shuffled staircase: no two values are close, so that max has no kink within a difference.
    Tensor x = Tensor::uninitialized({4, 5, 3});
    for (std::int64_t i = 0; i < x.size(); ++i)
      x.data()[i] = 0.1f * static_cast<float>(i * 37 % 60) - 3.0f;
    const std::vector<std::int64_t> all_axes[] = {
        {}, {0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}, {2, 0, 1}};
    for (const auto& axes : all_axes) {
      for (const bool keep : {false, true}) {
        if (device != kCpu && keep) continue;  // an emulated card takes too long
        CAPTURE(axes.size());
        CHECK(check_gradient(
            [&](const auto& in) { return sum(in[0], axes, keep); }, {x}, {.device = device}));
        CHECK(check_gradient(
            [&](const auto& in) { return mean(in[0], axes, keep); }, {x}, {.device = device}));
        CHECK(check_gradient(
            [&](const auto& in) { return max(in[0], axes, keep); }, {x}, {.device = device}));
      }
    }
  });
}

TEST_CASE("the first maximum takes the gradient") {
  for_each_device([&](Device device) {
    const Variable x = leaf({2, 3}, {5, 1, 5, 2, 2, 2}, device);
    Tape tape;
    tape.backward(sum(max(x, {1})));
    CHECK(list(x.grad()) == Floats{1, 0, 0, 1, 0, 0});
  });
}

TEST_CASE("max is NaN when there is a NaN, wherever it stands") {
  for_each_device([&](Device device) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(max(leaf({3}, {nan, 1, 2}, device)).item()));
    CHECK(std::isnan(max(leaf({3}, {1, nan, 2}, device)).item()));
    CHECK(std::isnan(max(leaf({3}, {1, 2, nan}, device)).item()));
    CHECK(max(leaf({2}, {-std::numeric_limits<float>::infinity(), -3}, device)).item() == -3);
  });
}

TEST_CASE("the sum of nothing is 0; a mean or maximum of nothing is an error") {
  for_each_device([&](Device device) {
    const Variable empty(Tensor(Shape{0, 3}, device), true);
    CHECK(sum(empty).item() == 0);
    CHECK(list(sum(empty, {0}).value()) == Floats{0, 0, 0});
    CHECK(sum(empty, {1}).shape() == Shape{0});
    CHECK(mean(empty, {1}).shape() == Shape{0});
    CHECK_THROWS_WITH_AS(
        mean(empty), doctest::Contains("mean: expected at least one value"), ShapeError);
    CHECK_THROWS_WITH_AS(
        max(empty, {0}), doctest::Contains("max: expected at least one value"), ShapeError);
  });
}

TEST_CASE("an axis that is not there, or named twice, raises an error that names the op") {
  const Variable x = leaf({2, 2}, {1, 2, 3, 4});
  CHECK_THROWS_WITH_AS(sum(x, {2}), doctest::Contains("sum: expected an axis"), ShapeError);
  CHECK_THROWS_WITH_AS(mean(x, {-3}), doctest::Contains("mean: expected an axis"), ShapeError);
  CHECK_THROWS_WITH_AS(max(x, {1, -1}), doctest::Contains("named twice"), ShapeError);
  CHECK_THROWS_WITH_AS(sum(Variable()), doctest::Contains("undefined"), Error);
}

TEST_CASE("a large sum is exact to float and has the same bits for any number of threads") {
  const int before = thread_count();
  const Variable x(uniform({1000003}, 5, 0.0f, 1.0f));
  double expected = 0.0;
  for (const float value : x.value().values()) expected += static_cast<double>(value);
  set_thread_count(1);
  const float one = sum(x).item();
  set_thread_count(3);
  const float three = sum(x).item();
  set_thread_count(before);
  CHECK(one == three);
  CHECK(one == static_cast<float>(expected));
}

}  // namespace spiketape::tests
