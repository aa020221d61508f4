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
namespace {

using Unary = Variable (*)(const Variable&);

struct Case {
  const char* name;
  Unary op;
  double (*value)(double);
  float low;  // where the function is smooth
  float high;
};

const Case kCases[] = {
    {"exp", exp, [](double x) { return std::exp(x); }, -2.0f, 2.0f},
    {"log", log, [](double x) { return std::log(x); }, 0.5f, 3.0f},
    {"tanh", tanh, [](double x) { return std::tanh(x); }, -2.0f, 2.0f},
    {"sigmoid", sigmoid, [](double x) { return 1.0 / (1.0 + std::exp(-x)); }, -4.0f, 4.0f},
    {"relu above 0", relu, [](double x) { return x; }, 0.2f, 2.0f},
    {"relu below 0", relu, [](double) { return 0.0; }, -2.0f, -0.2f},
    {"abs above 0", abs, [](double x) { return x; }, 0.2f, 2.0f},
    {"abs below 0", abs, [](double x) { return -x; }, -2.0f, -0.2f},
    {"power 2",
     [](const Variable& x) { return power(x, 2.0f); },
     [](double x) { return x * x; },
     -2.0f,
     2.0f},
    {"power 3",
     [](const Variable& x) { return power(x, 3.0f); },
     [](double x) { return x * x * x; },
     -2.0f,
     2.0f},
    {"power 0.5",
     [](const Variable& x) { return power(x, 0.5f); },
     [](double x) { return std::sqrt(x); },
     0.5f,
     2.0f},
    {"power -1.5",
     [](const Variable& x) { return power(x, -1.5f); },
     [](double x) { return std::pow(x, -1.5); },
     0.5f,
     2.0f},
};

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("unary ops agree with the formula in double, and with central differences") {
  for_each_device([&](Device device) {
    for (const Case& each : kCases) {
      CAPTURE(each.name);
      for (const Shape& shape : {Shape{}, Shape{1}, Shape{7}, Shape{3, 11}, Shape{2, 3, 23}}) {
        const Tensor x = uniform(shape, 3, each.low, each.high);
        const Variable y = each.op(Variable(x.to(device)));
        const Floats values = list(y.value());
        REQUIRE(y.shape() == shape);
        for (std::int64_t i = 0; i < x.size(); ++i)
          CHECK(static_cast<double>(values[static_cast<std::size_t>(i)]) ==
                doctest::Approx(each.value(static_cast<double>(x.data()[i]))).epsilon(1e-6));
        if (device != kCpu && x.size() > 50) continue;  // an emulated card takes too long
        const auto result =
            check_gradient([&](const auto& in) { return each.op(in[0]); }, {x}, {.device = device});
        INFO(result.message);
        CHECK(result.passed);
      }
    }
  });
}

TEST_CASE("unary ops give the values computed by hand") {
  for_each_device([&](Device device) {
    check_close(list(exp(leaf({2}, {0, 1}, device)).value()), {1, std::exp(1.0f)});
    check_close(list(log(leaf({2}, {1, 0}, device)).value()), {0, -kInfinity});
    check_close(list(tanh(leaf({2}, {0, 100}, device)).value()), {0, 1});
    check_close(list(sigmoid(leaf({3}, {0, 100, -200}, device)).value()), {0.5f, 1, 0});
    CHECK(list(relu(leaf({3}, {-1, 0, 2}, device)).value()) == Floats{0, 0, 2});
    CHECK(list(abs(leaf({3}, {-1, 0, 2}, device)).value()) == Floats{1, 0, 2});
    CHECK(list(power(leaf({3}, {-1, 0, 3}, device), 2.0f).value()) == Floats{1, 0, 9});
    check_close(list(power(leaf({2}, {4, 9}, device), 0.5f).value()), {2, 3});
  });
}

TEST_CASE("at their kinks relu and abs have derivative 0, and so has the power 0") {
  for_each_device([&](Device device) {
    const auto gradient = [&](const auto& op) {
      const Variable x = leaf({3}, {-1, 0, 2}, device);
      Tape tape;
      tape.backward(sum(op(x)));
      return list(x.grad());
    };
    CHECK(gradient([](const Variable& x) { return relu(x); }) == Floats{0, 0, 1});
    CHECK(gradient([](const Variable& x) { return abs(x); }) == Floats{-1, 0, 1});
    CHECK(gradient([](const Variable& x) { return power(x, 0.0f); }) == Floats{0, 0, 0});
    check_close(gradient([](const Variable& x) { return power(x, 1.0f); }), {1, 1, 1});
  });
}

TEST_CASE("unary ops let NaN through and take nothing") {
  for_each_device([&](Device device) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const Case& each : kCases) {
      CAPTURE(each.name);
      CHECK(std::isnan(each.op(leaf({1}, {nan}, device)).item()));
      const Variable empty(Tensor(Shape{0}, device), true);
      Tape tape;
      const Variable y = each.op(empty);
      CHECK(y.shape() == Shape{0});
      tape.backward(sum(y));
      CHECK(empty.grad().size() == 0);
      CHECK_THROWS_WITH_AS(each.op(Variable()), doctest::Contains("undefined"), Error);
    }
  });
}

TEST_CASE("sigmoid does not overflow, and neither does its gradient") {
  for_each_device([&](Device device) {
    const Variable x = leaf({2}, {-1000, 1000}, device);
    Tape tape;
    tape.backward(sum(sigmoid(x)));
    CHECK(list(x.grad()) == Floats{0, 0});
  });
}

TEST_CASE("unary ops on many values have the same bits for any number of threads") {
  const int before = thread_count();
  const Tensor x = uniform({20011}, 4, -1.0f, 1.0f);
  set_thread_count(1);
  const Floats one = list(tanh(Variable(x)).value());
  set_thread_count(4);
  const Floats four = list(tanh(Variable(x)).value());
  set_thread_count(before);
  CHECK(one == four);
}

}  // namespace spiketape::tests
