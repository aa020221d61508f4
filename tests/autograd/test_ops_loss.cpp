#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "autograd/gradient_check.hpp"
#include "autograd/ops.hpp"
#include "core/error.hpp"
#include "tests/autograd/values.hpp"

namespace spiketape::tests {
namespace {

using Labels = std::vector<std::int32_t>;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("log_softmax gives the values computed by hand, without overflow") {
  const Variable y = log_softmax(leaf({2, 2}, {0, 0, 1000, 1000 + std::log(3.0f)}));
  CHECK(y.value().data()[0] == doctest::Approx(-std::log(2.0)));
  CHECK(y.value().data()[1] == doctest::Approx(-std::log(2.0)));
  CHECK(y.value().data()[2] == doctest::Approx(-std::log(4.0)).epsilon(1e-4));
  CHECK(y.value().data()[3] == doctest::Approx(std::log(0.75)).epsilon(1e-4));
  CHECK(list(log_softmax(leaf({1}, {5})).value()) == Floats{0});
}

TEST_CASE("log_softmax has the gradient of central differences, over the last axis") {
  for (const Shape& shape : {Shape{1}, Shape{5}, Shape{3, 7}, Shape{2, 3, 5}, Shape{700, 9}})
    CHECK(check_gradient([](const auto& x) { return log_softmax(x[0]); },
                         {uniform(shape, 1, -2.0f, 2.0f)}));
}

TEST_CASE("log_softmax takes empty input, keeps NaN to its row, and refuses a scalar") {
  CHECK(log_softmax(Variable(Tensor(Shape{0, 3}))).shape() == Shape{0, 3});
  CHECK(log_softmax(Variable(Tensor(Shape{3, 0}))).shape() == Shape{3, 0});
  const Variable y = log_softmax(leaf({2, 2}, {1, kNan, 1, 1}));
  CHECK(std::isnan(y.value().data()[0]));
  CHECK(std::isnan(y.value().data()[1]));
  CHECK(std::isfinite(y.value().data()[2]));
  CHECK_THROWS_WITH_AS(log_softmax(leaf({}, {1})), doctest::Contains("log_softmax"), ShapeError);
  CHECK_THROWS_WITH_AS(log_softmax(Variable()), doctest::Contains("undefined"), Error);
}

TEST_CASE("cross_entropy gives loss and gradient computed by hand") {
  const Variable scores = leaf({2, 2}, {0, 0, std::log(3.0f), 0});
  Tape tape;
  const Variable loss = cross_entropy(scores, Labels{1, 0});
  CHECK(loss.shape() == Shape{});
  CHECK(loss.item() == doctest::Approx(0.5 * (std::log(2.0) + std::log(4.0 / 3.0))));
  tape.backward(loss);
  CHECK(scores.grad().data()[0] == doctest::Approx(0.25));
  CHECK(scores.grad().data()[1] == doctest::Approx(-0.25));
  CHECK(scores.grad().data()[2] == doctest::Approx(-0.125));
  CHECK(scores.grad().data()[3] == doctest::Approx(0.125));
}

TEST_CASE("cross_entropy is the mean of minus log_softmax at the labels") {
  const Variable scores(uniform({17, 11}, 2, -5.0f, 5.0f));
  Labels labels;
  for (std::int32_t i = 0; i < 17; ++i) labels.push_back(i * 5 % 11);
  const Variable logs = log_softmax(scores);
  double expected = 0.0;
  for (std::size_t i = 0; i < 17; ++i)
    expected -=
        static_cast<double>(logs.value().data()[i * 11 + static_cast<std::size_t>(labels[i])]);
  CHECK(static_cast<double>(cross_entropy(scores, labels).item()) ==
        doctest::Approx(expected / 17));
}

TEST_CASE("cross_entropy has the gradient of central differences") {
  CHECK(check_gradient([](const auto& x) { return cross_entropy(x[0], Labels{2}); },
                       {uniform({1, 5}, 1, -1.0f, 1.0f)}));
  CHECK(check_gradient(
      [](const auto& x) {
        return cross_entropy(x[0], Labels{0, 6, 3}) * 3.0f;
      },
      {uniform({3, 7}, 2, -2.0f, 2.0f)}));
}

TEST_CASE("cross_entropy of one class is 0 without gradient") {
  const Variable scores = leaf({2, 1}, {3, -4});
  Tape tape;
  const Variable loss = cross_entropy(scores, Labels{0, 0});
  CHECK(loss.item() == 0);
  tape.backward(loss);
  CHECK(list(scores.grad()) == Floats{0, 0});
}

TEST_CASE("cross_entropy keeps its precision where the network is nearly certain") {
  const Variable scores = leaf({1, 2}, {20, 0});
  Tape tape;
  const Variable loss = cross_entropy(scores, Labels{0});
  const double expected = std::log1p(std::exp(-20.0));
  CHECK(static_cast<double>(loss.item()) == doctest::Approx(expected).epsilon(1e-6));
  tape.backward(loss);
  const double p = 1.0 / (1.0 + std::exp(20.0));
  CHECK(static_cast<double>(scores.grad().data()[0]) == doctest::Approx(-p).epsilon(1e-6));
  CHECK(static_cast<double>(scores.grad().data()[1]) == doctest::Approx(p).epsilon(1e-6));
}

TEST_CASE("large scores do not overflow, and an impossible label costs infinity") {
  CHECK(cross_entropy(leaf({1, 2}, {3e38f, -3e38f}), Labels{0}).item() == 0);
  CHECK(cross_entropy(leaf({1, 2}, {0, -kInfinity}), Labels{0}).item() == 0);
  CHECK(cross_entropy(leaf({1, 2}, {0, -kInfinity}), Labels{1}).item() == kInfinity);
}

TEST_CASE("a NaN score makes the loss NaN wherever it stands, and backward refuses it") {
  for (std::size_t at = 0; at < 6; ++at) {
    CAPTURE(at);
    const Variable scores(Tensor::full({2, 3}, 1.0f), true);
    scores.value();
    Variable(scores).value().data()[at] = kNan;
    Tape tape;
    const Variable loss = cross_entropy(scores, Labels{0, 2});
    CHECK(std::isnan(loss.item()));
    CHECK_THROWS_WITH_AS(tape.backward(loss), doctest::Contains("loss is"), NumericError);
    CHECK_FALSE(scores.has_grad());
  }
}

TEST_CASE("labels are checked: their number, and each one's range with its sample") {
  const Variable scores(Tensor(Shape{2, 3}));
  CHECK_THROWS_WITH_AS(cross_entropy(scores, Labels{0}),
                       doctest::Contains("got 1 labels for scores [2, 3]"),
                       ShapeError);
  CHECK_THROWS_WITH_AS(cross_entropy(scores, Labels{0, 3}),
                       doctest::Contains("the label of sample 1 is 3, expected 0 to 2"),
                       DataError);
  CHECK_THROWS_WITH_AS(cross_entropy(scores, Labels{-1, 0}),
                       doctest::Contains("the label of sample 0 is -1"),
                       DataError);
  CHECK_THROWS_AS(cross_entropy(leaf({2}, {1, 2}), Labels{0, 0}), ShapeError);
  CHECK_THROWS_WITH_AS(cross_entropy(Variable(Tensor(Shape{0, 3})), Labels{}),
                       doctest::Contains("empty batch"),
                       ShapeError);
  CHECK_THROWS_WITH_AS(cross_entropy(Variable(), Labels{}), doctest::Contains("undefined"), Error);
}

TEST_CASE("mean_squared_error gives loss and gradient computed by hand") {
  const Variable x = leaf({2, 2}, {1, 2, 3, 4});
  Tape tape;
  const Variable loss = mean_squared_error(x, tensor({2, 2}, {1, 0, 0, 5}));
  CHECK(loss.item() == 3.5f);
  tape.backward(loss);
  CHECK(list(x.grad()) == Floats{0, 1, 1.5f, -0.5f});
  const Tensor target = uniform({5, 7}, 2, -1.0f, 1.0f);
  CHECK(check_gradient([&](const auto& in) { return mean_squared_error(in[0], target) * 9.0f; },
                       {uniform({5, 7}, 1, -1.0f, 1.0f)}));
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
