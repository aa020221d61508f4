#include <doctest/doctest.h>

#include "autograd/gradient_check.hpp"
#include "autograd/ops.hpp"
#include "core/error.hpp"
#include "tests/autograd/on_devices.hpp"
#include "tests/autograd/values.hpp"

namespace spiketape::tests {

TEST_CASE("reshape keeps values and memory, and passes the gradient on") {
  for_each_device([&](Device device) {
    const Variable x = leaf({2, 3}, {1, 2, 3, 4, 5, 6}, device);
    Tape tape;
    const Variable y = reshape(x, {3, -1});
    CHECK(y.shape() == Shape{3, 2});
    CHECK(y.value().data() == x.value().data());
    tape.backward(sum(y * y));
    CHECK(x.grad().shape() == Shape{2, 3});
    CHECK(list(x.grad()) == Floats{2, 4, 6, 8, 10, 12});
    CHECK_THROWS_WITH_AS(reshape(x, {4, 2}), doctest::Contains("reshape"), ShapeError);
    CHECK_THROWS_WITH_AS(reshape(Variable(), {1}), doctest::Contains("undefined"), Error);
    CHECK(reshape(Variable(Tensor(Shape{0, 3}, device)), {3, 0}).shape() == Shape{3, 0});
    CHECK(reshape(Variable(Tensor::scalar(7.0f, device)), {1, 1}).shape() == Shape{1, 1});
  });
}

TEST_CASE("slice takes a part of any axis, and only that part gets a gradient") {
  for_each_device([&](Device device) {
    const Variable x = leaf({2, 3}, {1, 2, 3, 4, 5, 6}, device);
    Tape tape;
    const Variable y = slice(x, 1, 1, 3);
    CHECK(y.shape() == Shape{2, 2});
    CHECK(list(y.value()) == Floats{2, 3, 5, 6});
    CHECK(list(slice(x, 0, 1, 2).value()) == Floats{4, 5, 6});
    CHECK(list(slice(x, -1, 0, 1).value()) == Floats{1, 4});
    CHECK(slice(x, 1, 2, 2).shape() == Shape{2, 0});
    tape.backward(sum(y));
    CHECK(list(x.grad()) == Floats{0, 1, 1, 0, 1, 1});
  });
}

TEST_CASE("slice and concat have the gradients of central differences on every axis") {
  for_each_device([&](Device device) {
    const Tensor a = uniform({3, 4, 5}, 1, -1.0f, 1.0f);
    for (std::int64_t axis = 0; axis < 3; ++axis) {
      CAPTURE(axis);
      Shape shape{3, 4, 5};
      shape[static_cast<std::size_t>(axis)] = 2;
      const Tensor b = uniform(shape, 2, -1.0f, 1.0f);
      CHECK(check_gradient(
          [&](const auto& x) { return slice(x[0], axis, 1, 3); }, {a}, {.device = device}));
      CHECK(check_gradient(
          [&](const auto& x) {
            return concat({x[0], x[1], x[0]}, axis);
          },
          {a, b},
          {.device = device}));
    }
  });
}

TEST_CASE("slice refuses a part that is not there") {
  const Variable x = leaf({2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK_THROWS_WITH_AS(
      slice(x, 1, 1, 4), doctest::Contains("slice: expected 0 <= begin <= end <= 3"), ShapeError);
  CHECK_THROWS_AS(slice(x, 1, -1, 2), ShapeError);
  CHECK_THROWS_AS(slice(x, 1, 2, 1), ShapeError);
  CHECK_THROWS_AS(slice(x, 2, 0, 1), ShapeError);
  CHECK_THROWS_AS(slice(leaf({}, {1}), 0, 0, 1), ShapeError);
  CHECK_THROWS_WITH_AS(slice(Variable(), 0, 0, 1), doctest::Contains("undefined"), Error);
}

TEST_CASE("concat puts parts side by side and gives each its part of the gradient") {
  for_each_device([&](Device device) {
    const Variable a = leaf({2, 1}, {1, 2}, device);
    const Variable b = leaf({2, 2}, {3, 4, 5, 6}, device);
    const Variable fixed(tensor({2, 1}, {9, 9}, device));
    Tape tape;
    const Variable y = concat({a, fixed, b}, -1);
    CHECK(y.shape() == Shape{2, 4});
    CHECK(list(y.value()) == Floats{1, 9, 3, 4, 2, 9, 5, 6});
    tape.backward(sum(y * y));
    CHECK(list(a.grad()) == Floats{2, 4});
    CHECK(list(b.grad()) == Floats{6, 8, 10, 12});
    CHECK_FALSE(fixed.has_grad());
  });
}

TEST_CASE("concat takes one part, and empty ones") {
  for_each_device([&](Device device) {
    const Variable a = leaf({2}, {1, 2}, device);
    const Variable empty(Tensor(Shape{0}, device), true);
    Tape tape;
    CHECK(list(concat({a}, 0).value()) == Floats{1, 2});
    const Variable y = concat({empty, a, empty}, 0);
    CHECK(list(y.value()) == Floats{1, 2});
    tape.backward(sum(y));
    CHECK(list(a.grad()) == Floats{1, 1});
  });
}

TEST_CASE("concat refuses parts that do not fit") {
  const Variable a = leaf({2, 1}, {1, 2});
  CHECK_THROWS_WITH_AS(concat({}, 0), doctest::Contains("at least one part"), ShapeError);
  CHECK_THROWS_WITH_AS(concat({a, leaf({3, 1}, {1, 2, 3})}, 1),
                       doctest::Contains("concat: expected parts that differ on axis 1 only"),
                       ShapeError);
  CHECK_THROWS_AS(concat({a, leaf({2}, {1, 2})}, 1), ShapeError);
  CHECK_THROWS_AS(concat({leaf({2}, {1, 2}), a}, 0), ShapeError);
  CHECK_THROWS_AS(concat({a}, 2), ShapeError);
  CHECK_THROWS_WITH_AS(concat({a, Variable()}, 0), doctest::Contains("undefined"), Error);
}

}  // namespace spiketape::tests
