#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "autograd/clip.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "tests/autograd/on_devices.hpp"
#include "tests/autograd/values.hpp"

namespace spiketape::tests {
namespace {

/// A parameter of zeros with the given gradient.
NamedVariable with_grad(std::string name, const Tensor& grad, Device device = kCpu) {
  const Variable variable(Tensor(grad.shape(), device), true);
  variable.grad().copy_from(grad);
  return {std::move(name), variable};
}

}  // namespace

TEST_CASE("clipping by norm scales all gradients by their common norm, and returns it") {
  for_each_device([&](Device device) {
    const std::vector<NamedVariable> parameters = {
        with_grad("a", tensor({1}, {3}), device),
        with_grad("b", tensor({2}, {0, 4}), device),
        {"none", leaf({1}, {1}, device)},
    };
    CHECK(clip_gradient_norm(parameters, 10.0f) == 5.0f);
    CHECK(list(parameters[1].variable.grad()) == Floats{0, 4});
    CHECK(clip_gradient_norm(parameters, 2.5f) == 5.0f);
    CHECK(list(parameters[0].variable.grad()) == Floats{1.5f});
    CHECK(list(parameters[1].variable.grad()) == Floats{0, 2});
    CHECK_FALSE(parameters[2].variable.has_grad());
  });
}

TEST_CASE("clipping by value limits each one") {
  for_each_device([&](Device device) {
    const std::vector<NamedVariable> parameters = {
        with_grad("a", tensor({4}, {3, -3, 0.5f, 0}), device), {"none", leaf({1}, {1}, device)}};
    clip_gradient_value(parameters, 1.0f);
    CHECK(list(parameters[0].variable.grad()) == Floats{1, -1, 0.5f, 0});
    CHECK_FALSE(parameters[1].variable.has_grad());
  });
}

TEST_CASE("no parameters, no gradients and zero gradients have norm 0") {
  for_each_device([&](Device device) {
    CHECK(clip_gradient_norm({}, 1.0f) == 0.0f);
    const std::vector<NamedVariable> parameters = {with_grad("a", Tensor(Shape{3}, device), device),
                                                   {"b", leaf({1}, {1}, device)}};
    CHECK(clip_gradient_norm(parameters, 1.0f) == 0.0f);
    CHECK(list(parameters[0].variable.grad()) == Floats{0, 0, 0});
  });
}

TEST_CASE(
    "the norm of many values is that in double, with the same bits for any number of threads") {
  const int before = thread_count();
  const Tensor grad = uniform({300007}, 1, -1.0f, 1.0f);
  double squares = 0.0;
  for (const float g : grad.values()) squares += static_cast<double>(g) * static_cast<double>(g);
  set_thread_count(1);
  const std::vector<NamedVariable> one = {with_grad("a", grad)};
  const float norm = clip_gradient_norm(one, 1.0f);
  set_thread_count(4);
  const std::vector<NamedVariable> four = {with_grad("a", grad)};
  CHECK(clip_gradient_norm(four, 1.0f) == norm);
  set_thread_count(before);
  CHECK(norm == static_cast<float>(std::sqrt(squares)));
  CHECK(list(one[0].variable.grad()) == list(four[0].variable.grad()));
}

TEST_CASE("clipping refuses a gradient that is not finite, and names it") {
  for_each_device([&](Device device) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      const std::vector<NamedVariable> parameters = {
          with_grad("fc1/weight", tensor({2}, {1, bad}), device)};
      CHECK_THROWS_WITH_AS(
          clip_gradient_norm(parameters, 1.0f), doctest::Contains("'fc1/weight'"), NumericError);
      if (std::isnan(bad))
        CHECK_THROWS_WITH_AS(
            clip_gradient_value(parameters, 1.0f), doctest::Contains("'fc1/weight'"), NumericError);
    }
  });
}

TEST_CASE("clipping refuses a limit that is not above 0") {
  CHECK_THROWS_AS(clip_gradient_norm({}, 0.0f), Error);
  CHECK_THROWS_AS(clip_gradient_norm({}, std::numeric_limits<float>::quiet_NaN()), Error);
  CHECK_THROWS_AS(clip_gradient_value({}, -1.0f), Error);
}

}  // namespace spiketape::tests
