#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "autograd/ops.hpp"
#include "core/error.hpp"
#include "tests/autograd/on_devices.hpp"
#include "tests/autograd/values.hpp"

namespace spiketape::tests {

TEST_CASE("a tape records the ops of inputs that want a gradient, in order, and no others") {
  for_each_device([&](Device device) {
    const Variable x = leaf({2}, {1, 2}, device);
    const Variable fixed(tensor({2}, {3, 4}, device));
    Tape tape;
    const Variable unrecorded = fixed * fixed;
    CHECK_FALSE(unrecorded.wants_grad());
    CHECK(tape.size() == 0);
    const Variable loss = sum(exp(x * fixed));
    CHECK(loss.wants_grad());
    CHECK(tape.ops() == std::vector<std::string>{"mul", "exp", "sum"});
  });
}

TEST_CASE("without a tape nothing is recorded and results want no gradient") {
  for_each_device([&](Device device) {
    const Variable x = leaf({2}, {1, 2}, device);
    CHECK(Tape::current() == nullptr);
    CHECK_FALSE(recording(x));
    const Variable y = sum(x * x);
    CHECK_FALSE(y.wants_grad());
    Tape tape;
    CHECK_THROWS_WITH_AS(tape.backward(y), doctest::Contains("while this Tape lived"), Error);
  });
}

TEST_CASE("NoTape hides the tape while it lives") {
  const Variable x = leaf({2}, {1, 2});
  Tape tape;
  {
    const NoTape silent;
    CHECK(Tape::current() == nullptr);
    CHECK_FALSE((x * x).wants_grad());
  }
  CHECK(Tape::current() == &tape);
  CHECK(tape.size() == 0);
}

TEST_CASE("tapes nest: the inner one records until it ends") {
  for_each_device([&](Device device) {
    const Variable x = leaf({1}, {3}, device);
    Tape outer;
    const Variable y = x * 2.0f;
    {
      Tape inner;
      CHECK(Tape::current() == &inner);
      inner.backward(sum(x * x));
      CHECK(x.grad().item() == 6);
    }
    CHECK(Tape::current() == &outer);
    outer.backward(sum(y));
    CHECK(x.grad().item() == 8);
  });
}

TEST_CASE("a second backward raises an error that says what to do") {
  const Variable x = leaf({1}, {3});
  Tape tape;
  const Variable loss = sum(x * x);
  tape.backward(loss);
  CHECK_THROWS_WITH_AS(tape.backward(loss), doctest::Contains("under a new Tape"), Error);
  CHECK_THROWS_WITH_AS(x * x, doctest::Contains("make a new Tape"), Error);
  CHECK(x.grad().item() == 6);
}

TEST_CASE("backward wants a single finite value") {
  for_each_device([&](Device device) {
    const Variable x = leaf({2}, {1, -1}, device);
    Tape tape;
    CHECK_THROWS_WITH_AS(tape.backward(x * x), doctest::Contains("[2]"), ShapeError);
    CHECK_THROWS_AS(tape.backward(Variable()), ShapeError);
    CHECK_THROWS_WITH_AS(
        tape.backward(sum(log(x))), doctest::Contains("nan; check the inputs"), NumericError);
    CHECK_THROWS_WITH_AS(tape.backward(sum(x / 0.0f) + std::numeric_limits<float>::infinity()),
                         doctest::Contains("the loss is"),
                         NumericError);
    CHECK_FALSE(x.has_grad());
    tape.backward(sum(x));  // a refused loss does not use the tape up
    CHECK(list(x.grad()) == Floats{1, 1});
  });
}

TEST_CASE("a parameter's gradients accumulate over uses and over tapes until they are cleared") {
  for_each_device([&](Device device) {
    const Variable x = leaf({1}, {3}, device);
    for (int step = 1; step <= 3; ++step) {
      Tape tape;
      tape.backward(sum(x * 2.0f + x * x));
      CHECK(x.grad().item() == static_cast<float>(8 * step));
    }
    x.clear_grad();
    CHECK_FALSE(x.has_grad());
    CHECK(x.grad().item() == 0);
  });
}

TEST_CASE("an intermediate variable that does not lead to the loss gets no gradient") {
  for_each_device([&](Device device) {
    const Variable x = leaf({1}, {3}, device);
    Tape tape;
    const Variable aside = exp(x);
    const Variable loss = sum(x);
    tape.backward(loss);
    CHECK_FALSE(aside.has_grad());
    CHECK(x.grad().item() == 1);
  });
}

TEST_CASE("a chain of 100,000 ops does not overflow the stack") {
  const Variable x = leaf({1}, {0});
  Tape tape;
  Variable y = x;
  for (int i = 0; i < 100000; ++i) y = y + x;
  tape.backward(sum(y));
  CHECK(x.grad().item() == 100001);
}

TEST_CASE("a chain of 100,000 ops that is dropped without backward does not overflow either") {
  const Variable x = leaf({1}, {0});
  {
    Tape tape;
    Variable y = x;
    for (int i = 0; i < 100000; ++i) y = reshape(y, {1});
    CHECK(tape.size() == 100000);
  }
  CHECK_FALSE(x.has_grad());
}

TEST_CASE("what ops keep is booked as tape memory and freed as backward goes, gradients apart") {
  constexpr std::size_t bytes = 1000 * sizeof(float);
  const Variable x(uniform({1000}, 1, 0.5f, 1.0f), true);
  const std::size_t before = memory_use(kCpu, MemoryTag::tape).current;
  {
    Tape tape;
    Variable loss;
    {
      const Variable y = exp(x);
      CHECK(memory_use(kCpu, MemoryTag::tape).current == before + bytes);
      loss = sum(y * y);
    }
    CHECK(memory_use(kCpu, MemoryTag::tape).current >= before + 2 * bytes);
    const std::size_t gradients = memory_use(kCpu, MemoryTag::gradient).current;
    tape.backward(loss);
    CHECK(tape.size() == 0);
    CHECK(memory_use(kCpu, MemoryTag::tape).current == before + sizeof(float));  // the loss
    CHECK(memory_use(kCpu, MemoryTag::gradient).current == gradients + bytes + sizeof(float));
  }
  CHECK(memory_use(kCpu, MemoryTag::tape).current == before);
}

}  // namespace spiketape::tests
