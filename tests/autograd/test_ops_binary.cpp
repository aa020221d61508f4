#include <doctest/doctest.h>

#include <string>

#include "autograd/gradient_check.hpp"
#include "autograd/ops.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "tests/autograd/on_devices.hpp"
#include "tests/autograd/values.hpp"

namespace spiketape::tests {
namespace {

using Binary = Variable (*)(const Variable&, const Variable&);

struct Case {
  const char* name;
  Binary op;
  float (*value)(float, float);
};

const Case kCases[] = {
    {"add", add, [](float a, float b) { return a + b; }},
    {"sub", sub, [](float a, float b) { return a - b; }},
    {"mul", mul, [](float a, float b) { return a * b; }},
    {"div", div, [](float a, float b) { return a / b; }},
};

}  // namespace

TEST_CASE("binary ops of equal shapes give the values computed by hand") {
  for_each_device([&](Device device) {
    const Variable a = leaf({2, 2}, {1, 2, 3, 4}, device);
    const Variable b = leaf({2, 2}, {2, 4, -1, 8}, device);
    CHECK(list(add(a, b).value()) == Floats{3, 6, 2, 12});
    CHECK(list(sub(a, b).value()) == Floats{-1, -2, 4, -4});
    CHECK(list(mul(a, b).value()) == Floats{2, 8, -3, 32});
    CHECK(list(div(a, b).value()) == Floats{0.5f, 0.5f, -3, 0.5f});
  });
}

TEST_CASE("operators are the named ops, with a number on either side too") {
  for_each_device([&](Device device) {
    const Variable a = leaf({2}, {1, 2}, device);
    const Variable b = leaf({2}, {4, 8}, device);
    CHECK(list((a + b).value()) == Floats{5, 10});
    CHECK(list((a - b).value()) == Floats{-3, -6});
    CHECK(list((a * b).value()) == Floats{4, 16});
    CHECK(list((a / b).value()) == Floats{0.25f, 0.25f});
    CHECK(list((a + 1.0f).value()) == Floats{2, 3});
    CHECK(list((a - 1.0f).value()) == Floats{0, 1});
    CHECK(list((a * 3.0f).value()) == Floats{3, 6});
    CHECK(list((a / 2.0f).value()) == Floats{0.5f, 1});
    CHECK(list((1.0f + a).value()) == Floats{2, 3});
    CHECK(list((1.0f - a).value()) == Floats{0, -1});
    CHECK(list((3.0f * a).value()) == Floats{3, 6});
    CHECK(list((2.0f / a).value()) == Floats{2, 1});
    CHECK(list((-a).value()) == Floats{-1, -2});
  });
}

TEST_CASE("the gradients of mul and div are those of the formula") {
  for_each_device([&](Device device) {
    const Variable a = leaf({2}, {3, 5}, device);
    const Variable b = leaf({2}, {2, 4}, device);
    {
      Tape tape;
      tape.backward(sum(a * b));
    }
    CHECK(list(a.grad()) == Floats{2, 4});
    CHECK(list(b.grad()) == Floats{3, 5});
    a.clear_grad();
    b.clear_grad();
    {
      Tape tape;
      tape.backward(sum(a / b));
    }
    CHECK(list(a.grad()) == Floats{0.5f, 0.25f});
    CHECK(list(b.grad()) == Floats{-0.75f, -0.3125f});
  });
}

TEST_CASE("binary ops broadcast both ways, in value and gradient") {
  for_each_device([&](Device device) {
    const std::pair<Shape, Shape> shapes[] = {{{3, 5}, {3, 5}},
                                              {{3, 5}, {5}},
                                              {{5}, {3, 5}},
                                              {{3, 1}, {1, 5}},
                                              {{1, 5}, {3, 1}},
                                              {{3, 5}, {}},
                                              {{}, {3, 5}},
                                              {{}, {}},
                                              {{1}, {1, 1}},
                                              {{2, 1, 3, 1}, {4, 1, 5}},
                                              {{4, 1, 5}, {2, 1, 3, 1}},
                                              {{2, 3, 1, 5}, {3, 1, 1}},
                                              {{17, 33}, {17, 1}}};
    for (const auto& pair : shapes) {
      const Shape& left = pair.first;
      const Shape& right = pair.second;
      const Tensor a = uniform(left, 1, 0.5f, 2.0f);
      const Tensor b = uniform(right, 2, 0.5f, 2.0f);
      if (device != kCpu && a.size() > 200) continue;  // an emulated card takes too long
      for (const Case& each : kCases) {
        CAPTURE(each.name);
        CAPTURE(to_string(left));
        CAPTURE(to_string(right));
        const auto result = check_gradient(
            [&](const auto& x) { return each.op(x[0], x[1]); }, {a, b}, {.device = device});
        INFO(result.message);
        CHECK(result.passed);
      }
    }
  });
}

TEST_CASE("a column times a row is their outer product") {
  for_each_device([&](Device device) {
    const Variable column = leaf({2, 1}, {1, 2}, device);
    const Variable row = leaf({3}, {1, 10, 100}, device);
    Tape tape;
    const Variable y = column * row;
    CHECK(y.shape() == Shape{2, 3});
    CHECK(list(y.value()) == Floats{1, 10, 100, 2, 20, 200});
    tape.backward(sum(y));
    CHECK(list(column.grad()) == Floats{111, 111});
    CHECK(list(row.grad()) == Floats{3, 3, 3});
  });
}

TEST_CASE("binary ops of nothing give nothing") {
  for_each_device([&](Device device) {
    for (const Case& each : kCases) {
      CAPTURE(each.name);
      CHECK(each.op(leaf({1}, {2}, device), Variable(Tensor(Shape{0}, device))).shape() ==
            Shape{0});
      const Variable empty(Tensor(Shape{0, 3}, device), true);
      const Variable row = leaf({3}, {1, 2, 3}, device);
      Tape tape;
      const Variable y = each.op(empty, row);
      CHECK(y.shape() == Shape{0, 3});
      tape.backward(sum(y));
      CHECK(list(row.grad()) == Floats{0, 0, 0});
    }
  });
}

TEST_CASE("a variable may be both operands") {
  for_each_device([&](Device device) {
    const Variable x = leaf({2}, {3, -4}, device);
    Tape tape;
    tape.backward(sum(x * x));
    CHECK(list(x.grad()) == Floats{6, -8});
  });
}

TEST_CASE("only inputs that want a gradient get one") {
  for_each_device([&](Device device) {
    const Variable a = leaf({2}, {1, 2}, device);
    const Variable b(tensor({2}, {3, 4}, device));
    Tape tape;
    tape.backward(sum(a * b));
    CHECK(a.has_grad());
    CHECK_FALSE(b.has_grad());
  });
}

TEST_CASE("binary ops on many values have the same bits for any number of threads") {
  const int before = thread_count();
  const Tensor left = uniform({301, 1003}, 1, -1.0f, 1.0f);
  const Tensor right = uniform({301, 1003}, 2, 0.5f, 1.0f);
  Floats value[2];
  Floats grad[2];
  for (int run = 0; run < 2; ++run) {
    set_thread_count(run == 0 ? 1 : 4);
    const Variable a(left.clone(), true);
    const Variable b(right.clone(), true);
    Tape tape;
    const Variable y = a / b;
    value[run] = list(y.value());
    tape.backward(sum(y * 0.37f));
    grad[run] = list(b.grad());
  }
  set_thread_count(before);
  CHECK(value[0][300000] == left.data()[300000] / right.data()[300000]);
  CHECK(value[0] == value[1]);
  CHECK(grad[0] == grad[1]);
}

TEST_CASE("shapes that do not broadcast raise an error that names op and shapes") {
  const Variable a = leaf({2, 3}, {1, 2, 3, 4, 5, 6});
  const Variable b = leaf({2}, {1, 2});
  for (const Case& each : kCases) {
    CAPTURE(each.name);
    try {
      each.op(a, b);
      FAIL("no error");
    } catch (const ShapeError& error) {
      const std::string message = error.what();
      CHECK(message.find(each.name) == 0);
      CHECK(message.find("[2, 3]") != std::string::npos);
      CHECK(message.find("[2]") != std::string::npos);
    }
  }
  CHECK_THROWS_AS(add(a, Variable(Tensor(Shape{0}))), ShapeError);
  CHECK_THROWS_WITH_AS(add(a, Variable()), doctest::Contains("undefined"), Error);
}

}  // namespace spiketape::tests
