#include <doctest/doctest.h>

#include "autograd/gradient_check.hpp"
#include "autograd/ops.hpp"
#include "core/error.hpp"
#include "tests/autograd/values.hpp"

namespace spiketape::tests {
namespace {

/// x^2 with a backward that is `factor` times the right one.
Variable square_with_error(const Variable& x, float factor) {
  Tensor value = x.value().clone();
  for (float& each : value.values()) each *= each;
  const bool record = recording(x);
  Variable y(std::move(value), record);
  if (!record) return y;
  Tape::current()->record("square_with_error", [x, y, factor] {
    for (std::int64_t i = 0; i < x.value().size(); ++i)
      x.grad().data()[i] += factor * 2.0f * x.value().data()[i] * y.grad().data()[i];
  });
  return y;
}

}  // namespace

TEST_CASE("a right gradient passes in one line, with a small error") {
  const auto result =
      check_gradient([](const auto& x) { return tanh(x[0] * x[1]); },
                     {uniform({3, 4}, 1, -1.0f, 1.0f), uniform({4}, 2, -1.0f, 1.0f)});
  CHECK(result);
  CHECK(result.error < 1e-4);
}

TEST_CASE("a wrong gradient is caught, even when it is half a per cent off") {
  const Tensor x = uniform({5}, 1, 0.5f, 1.0f);
  CHECK(check_gradient([](const auto& in) { return square_with_error(in[0], 1.0f); }, {x}));
  for (const float factor : {-1.0f, 0.0f, 2.0f, 1.005f}) {
    CAPTURE(factor);
    const auto result =
        check_gradient([&](const auto& in) { return square_with_error(in[0], factor); }, {x});
    CHECK_FALSE(result);
    CHECK(result.message.find("input 0") == 0);
  }
}

TEST_CASE("a gradient that goes to the wrong place is caught although its sum is right") {
  const auto swapped = [](const std::vector<Variable>& x) {
    const bool record = recording(x[0]);
    Variable y(x[0].value().clone(), record);
    if (record)
      Tape::current()->record("swapped", [x = x[0], y] {
        x.grad().data()[0] += y.grad().data()[1];
        x.grad().data()[1] += y.grad().data()[0];
      });
    return y;
  };
  CHECK_FALSE(check_gradient(swapped, {tensor({2}, {1, 2})}));
}

TEST_CASE("a NaN in the gradient is caught") {
  CHECK_FALSE(check_gradient([](const auto& x) { return log(x[0]); }, {tensor({2}, {-1, 1})}));
}

TEST_CASE("an input that takes no part has gradient zero, and only the wrong input is blamed") {
  const Tensor a = uniform({3}, 1, 0.5f, 1.0f);
  const Tensor b = uniform({3}, 2, 0.5f, 1.0f);
  CHECK(check_gradient([](const auto& x) { return x[0] * 2.0f; }, {a, b}));
  CHECK(check_gradient([](const auto&) { return leaf({1}, {1}); }, {a}));
  const auto result =
      check_gradient([](const auto& x) { return x[0] + square_with_error(x[1], 2.0f); }, {a, b});
  CHECK_FALSE(result);
  CHECK(result.message.find("input 1") == 0);
}

TEST_CASE("the inputs are left as they were, and a tape that lives outside sees nothing") {
  const Tensor x = tensor({2}, {1, 2});
  Tape tape;
  CHECK(check_gradient([](const auto& in) { return in[0] * in[0]; }, {x}));
  CHECK(list(x) == Floats{1, 2});
  CHECK(tape.size() == 0);
  CHECK(Tape::current() == &tape);
}

TEST_CASE("there is nothing to check without inputs or without a result") {
  CHECK_THROWS_AS(check_gradient([](const auto&) { return Variable(); }, {}), Error);
  CHECK_THROWS_WITH_AS(check_gradient([](const auto&) { return Variable(); }, {tensor({1}, {1})}),
                       doctest::Contains("at least one value"),
                       Error);
}

}  // namespace spiketape::tests
