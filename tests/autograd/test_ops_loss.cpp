#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "autograd/gradient_check.hpp"
#include "autograd/ops.hpp"
#include "core/error.hpp"
#include "tests/autograd/on_devices.hpp"
#include "tests/autograd/values.hpp"

namespace spiketape::tests {
namespace {

using Labels = std::vector<std::int32_t>;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("log_softmax gives the values computed by hand, without overflow") {
  for_each_device([&](Device device) {
    const Variable y = log_softmax(leaf({2, 2}, {0, 0, 1000, 1000 + std::log(3.0f)}, device));
    CHECK(list(y.value())[0] == doctest::Approx(-std::log(2.0)));
    CHECK(list(y.value())[1] == doctest::Approx(-std::log(2.0)));
    CHECK(list(y.value())[2] == doctest::Approx(-std::log(4.0)).epsilon(1e-4));
    CHECK(list(y.value())[3] == doctest::Approx(std::log(0.75)).epsilon(1e-4));
    check_close(list(log_softmax(leaf({1}, {5}, device)).value()), {0});
  });
}

TEST_CASE("log_softmax has the gradient of central differences, over the last axis") {
  for_each_device([&](Device device) {
    for (const Shape& shape : {Shape{1},
                               Shape{5},
                               Shape{3, 7},
                               Shape{2, 3, 5},
                               device == kCpu ? Shape{700, 9} : Shape{3, 33}})
      CHECK(check_gradient([](const auto& x) { return log_softmax(x[0]); },
                           {uniform(shape, 1, -2.0f, 2.0f)},
                           {.device = device}));
  });
}

TEST_CASE("log_softmax takes empty input, keeps NaN to its row, and refuses a scalar") {
  for_each_device([&](Device device) {
    CHECK(log_softmax(Variable(Tensor(Shape{0, 3}, device))).shape() == Shape{0, 3});
    CHECK(log_softmax(Variable(Tensor(Shape{3, 0}, device))).shape() == Shape{3, 0});
    const Variable y = log_softmax(leaf({2, 2}, {1, kNan, 1, 1}, device));
    CHECK(std::isnan(list(y.value())[0]));
    CHECK(std::isnan(list(y.value())[1]));
    CHECK(std::isfinite(list(y.value())[2]));
    CHECK_THROWS_WITH_AS(
        log_softmax(leaf({}, {1}, device)), doctest::Contains("log_softmax"), ShapeError);
    CHECK_THROWS_WITH_AS(log_softmax(Variable()), doctest::Contains("undefined"), Error);
  });
}

TEST_CASE("cross_entropy gives loss and gradient computed by hand") {
  for_each_device([&](Device device) {
    const Variable scores = leaf({2, 2}, {0, 0, std::log(3.0f), 0}, device);
    Tape tape;
    const Variable loss = cross_entropy(scores, Labels{1, 0});
    CHECK(loss.shape() == Shape{});
    CHECK(loss.item() == doctest::Approx(0.5 * (std::log(2.0) + std::log(4.0 / 3.0))));
    tape.backward(loss);
    CHECK(list(scores.grad())[0] == doctest::Approx(0.25));
    CHECK(list(scores.grad())[1] == doctest::Approx(-0.25));
    CHECK(list(scores.grad())[2] == doctest::Approx(-0.125));
    CHECK(list(scores.grad())[3] == doctest::Approx(0.125));
  });
}

TEST_CASE("cross_entropy is the mean of minus log_softmax at the labels") {
  for_each_device([&](Device device) {
    const Variable scores(uniform({17, 11}, 2, -5.0f, 5.0f, device));
    Labels labels;
    for (std::int32_t i = 0; i < 17; ++i) labels.push_back(i * 5 % 11);
    const Floats logs = list(log_softmax(scores).value());
    double expected = 0.0;
    for (std::size_t i = 0; i < 17; ++i)
      expected -= static_cast<double>(logs[i * 11 + static_cast<std::size_t>(labels[i])]);
    CHECK(static_cast<double>(cross_entropy(scores, labels).item()) ==
          doctest::Approx(expected / 17));
  });
}

TEST_CASE("cross_entropy has the gradient of central differences") {
  for_each_device([&](Device device) {
    CHECK(check_gradient([](const auto& x) { return cross_entropy(x[0], Labels{2}); },
                         {uniform({1, 5}, 1, -1.0f, 1.0f)},
                         {.device = device}));
    CHECK(check_gradient(
        [](const auto& x) {
          return cross_entropy(x[0], Labels{0, 6, 3}) * 3.0f;
        },
        {uniform({3, 7}, 2, -2.0f, 2.0f)},
        {.device = device}));
  });
}

TEST_CASE("cross_entropy of one class is 0 without gradient") {
  for_each_device([&](Device device) {
    const Variable scores = leaf({2, 1}, {3, -4}, device);
    Tape tape;
    const Variable loss = cross_entropy(scores, Labels{0, 0});
    CHECK(loss.item() == 0);
    tape.backward(loss);
    CHECK(list(scores.grad()) == Floats{0, 0});
  });
}

TEST_CASE("cross_entropy keeps its precision where the network is nearly certain") {
  for_each_device([&](Device device) {
    const Variable scores = leaf({1, 2}, {20, 0}, device);
    Tape tape;
    const Variable loss = cross_entropy(scores, Labels{0});
    const double expected = std::log1p(std::exp(-20.0));
    CHECK(static_cast<double>(loss.item()) == doctest::Approx(expected).epsilon(1e-6));
    tape.backward(loss);
    const double p = 1.0 / (1.0 + std::exp(20.0));
    CHECK(static_cast<double>(list(scores.grad())[0]) == doctest::Approx(-p).epsilon(1e-6));
    CHECK(static_cast<double>(list(scores.grad())[1]) == doctest::Approx(p).epsilon(1e-6));
  });
}

TEST_CASE("large scores do not overflow, and an impossible label costs infinity") {
  for_each_device([&](Device device) {
    CHECK(cross_entropy(leaf({1, 2}, {3e38f, -3e38f}, device), Labels{0}).item() == 0);
    CHECK(cross_entropy(leaf({1, 2}, {0, -kInfinity}, device), Labels{0}).item() == 0);
    CHECK(cross_entropy(leaf({1, 2}, {0, -kInfinity}, device), Labels{1}).item() == kInfinity);
  });
}

TEST_CASE("a NaN score makes the loss NaN wherever it stands, and backward refuses it") {
  for_each_device([&](Device device) {
    for (std::size_t at = 0; at < 6; ++at) {
      CAPTURE(at);
      Tensor values = Tensor::full({2, 3}, 1.0f);
      values.data()[at] = kNan;
      const Variable scores(values.to(device), true);
      Tape tape;
      const Variable loss = cross_entropy(scores, Labels{0, 2});
      CHECK(std::isnan(loss.item()));
      CHECK_THROWS_WITH_AS(tape.backward(loss), doctest::Contains("loss is"), NumericError);
      CHECK_FALSE(scores.has_grad());
    }
  });
}

TEST_CASE("labels are checked: their number, and each one's range with its sample") {
  for_each_device([&](Device device) {
    const Variable scores(Tensor(Shape{2, 3}, device));
    CHECK_THROWS_WITH_AS(cross_entropy(scores, Labels{0}),
                         doctest::Contains("got 1 labels for scores [2, 3]"),
                         ShapeError);
    CHECK_THROWS_WITH_AS(cross_entropy(scores, Labels{0, 3}),
                         doctest::Contains("the label of sample 1 is 3, expected 0 to 2"),
                         DataError);
    CHECK_THROWS_WITH_AS(cross_entropy(scores, Labels{-1, 0}),
                         doctest::Contains("the label of sample 0 is -1"),
                         DataError);
    CHECK_THROWS_AS(cross_entropy(leaf({2}, {1, 2}, device), Labels{0, 0}), ShapeError);
    CHECK_THROWS_WITH_AS(cross_entropy(Variable(Tensor(Shape{0, 3}, device)), Labels{}),
                         doctest::Contains("empty batch"),
                         ShapeError);
    CHECK_THROWS_WITH_AS(
        cross_entropy(Variable(), Labels{}), doctest::Contains("undefined"), Error);
  });
}

TEST_CASE("mean_squared_error gives loss and gradient computed by hand") {
  for_each_device([&](Device device) {
    const Variable x = leaf({2, 2}, {1, 2, 3, 4}, device);
    Tape tape;
    const Variable loss = mean_squared_error(x, tensor({2, 2}, {1, 0, 0, 5}, device));
    CHECK(loss.item() == 3.5f);
    tape.backward(loss);
    CHECK(list(x.grad()) == Floats{0, 1, 1.5f, -0.5f});
    const Tensor target = uniform({5, 7}, 2, -1.0f, 1.0f, device);
    CHECK(check_gradient([&](const auto& in) { return mean_squared_error(in[0], target) * 9.0f; },
                         {uniform({5, 7}, 1, -1.0f, 1.0f)},
                         {.device = device}));
  });
}

TEST_CASE("mean_squared_error refuses another shape, and nothing") {
  const Variable x = leaf({2}, {1, 2});
  CHECK_THROWS_WITH_AS(mean_squared_error(x, Tensor(Shape{1, 2})),
                       doctest::Contains("got [2] and [1, 2]"),
                       ShapeError);
  CHECK_THROWS_AS(mean_squared_error(Variable(Tensor(Shape{0})), Tensor(Shape{0})), ShapeError);
  CHECK_THROWS_WITH_AS(
      mean_squared_error(Variable(), Tensor()), doctest::Contains("undefined"), Error);
}

}  // namespace spiketape::tests
