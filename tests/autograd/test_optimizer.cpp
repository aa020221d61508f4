#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "autograd/adam.hpp"
#include "autograd/ops.hpp"
#include "autograd/sgd.hpp"
#include "core/error.hpp"
#include "tests/autograd/on_devices.hpp"
#include "tests/autograd/values.hpp"

namespace spiketape::tests {
namespace {

/// Two parameters and one optimiser step of a fixed, uneven loss.
struct Problem {
  explicit Problem(Device device = kCpu)
      : w(uniform({3, 5}, 1, -1.0f, 1.0f, device), true),
        b(uniform({5}, 2, -1.0f, 1.0f, device), true) {}

  Variable w;
  Variable b;

  std::vector<NamedVariable> parameters() const { return {{"fc/weight", w}, {"fc/bias", b}}; }
  void step(Optimizer& optimizer) const {
    Tape tape;
    tape.backward(sum(power(w * 2.0f + b, 2.0f)));
    optimizer.step();
  }
};

std::vector<NamedTensor> copy_of(const std::vector<NamedTensor>& state) {
  std::vector<NamedTensor> copy;
  for (const NamedTensor& each : state) copy.push_back({each.name, each.tensor.clone()});
  return copy;
}

}  // namespace

TEST_CASE("a step applies the gradients and clears them") {
  for_each_device([&](Device device) {
    const Problem problem(device);
    Sgd sgd(problem.parameters(), {.learning_rate = 0.1f});
    const Floats before = list(problem.w.value());
    problem.step(sgd);
    CHECK(list(problem.w.value()) != before);
    CHECK_FALSE(problem.w.has_grad());
    CHECK_FALSE(problem.b.has_grad());
    CHECK(sgd.steps_done() == 1);
  });
}

TEST_CASE("zero_grad forgets the gradients without a step") {
  for_each_device([&](Device device) {
    const Problem problem(device);
    Adam adam(problem.parameters());
    problem.w.grad().fill(1.0f);
    adam.zero_grad();
    CHECK_FALSE(problem.w.has_grad());
    CHECK(adam.steps_done() == 0);
  });
}

TEST_CASE("a parameter without a gradient in this step is skipped whole, weight decay included") {
  for_each_device([&](Device device) {
    const Problem problem(device);
    AdamW adam(problem.parameters(), {.learning_rate = 0.1f, .weight_decay = 0.5f});
    const Floats before = list(problem.b.value());
    problem.w.grad().fill(1.0f);
    adam.step();
    CHECK(list(problem.b.value()) == before);
    const std::vector<NamedTensor> state = adam.state();
    REQUIRE(state.size() == 7);
    CHECK(state[1].name == "fc/weight/steps");
    CHECK(list(state[1].tensor) == Floats{1, 0});
    CHECK(state[4].name == "fc/bias/steps");
    CHECK(list(state[4].tensor) == Floats{0, 0});
  });
}

TEST_CASE("the state is named after the parameters and keeps the count of steps") {
  for_each_device([&](Device device) {
    const Problem problem(device);
    Adam adam(problem.parameters());
    for (int i = 0; i < 3; ++i) problem.step(adam);
    const std::vector<NamedTensor> state = adam.state();
    std::vector<std::string> names;
    names.reserve(state.size());
    for (const NamedTensor& each : state) names.push_back(each.name);
    CHECK(names == std::vector<std::string>{"steps",
                                            "fc/weight/steps",
                                            "fc/weight/m",
                                            "fc/weight/v",
                                            "fc/bias/steps",
                                            "fc/bias/m",
                                            "fc/bias/v"});
    CHECK(list(state[0].tensor) == Floats{3, 0});
    CHECK(state[2].tensor.shape() == Shape{3, 5});
    CHECK(Sgd(problem.parameters()).state().size() == 3);  // plain SGD remembers counts only
    CHECK(Sgd(problem.parameters(), {.momentum = 0.9f}).state()[2].name == "fc/weight/momentum");
  });
}

TEST_CASE("training that is stopped and resumed has the same bits as training that is not") {
  for_each_device([&](Device device) {
    const Problem straight(device);
    Adam one(straight.parameters(), {.learning_rate = 0.01f});
    for (int i = 0; i < 6; ++i) straight.step(one);

    const Problem stopped(device);
    Adam two(stopped.parameters(), {.learning_rate = 0.01f});
    for (int i = 0; i < 4; ++i) stopped.step(two);
    const std::vector<NamedTensor> saved = copy_of(two.state());
    Adam three(stopped.parameters(), {.learning_rate = 0.01f});
    three.load_state(saved);
    CHECK(three.steps_done() == 4);
    for (int i = 0; i < 2; ++i) stopped.step(three);
    CHECK(list(stopped.w.value()) == list(straight.w.value()));
    CHECK(list(stopped.b.value()) == list(straight.b.value()));
  });
}

TEST_CASE("step counts beyond what a float holds are kept exactly") {
  for_each_device([&](Device device) {
    const Problem problem(device);
    Sgd sgd(problem.parameters());
    std::vector<NamedTensor> state = copy_of(sgd.state());
    state[0].tensor = tensor({2}, {16777215, 5});
    sgd.load_state(state);
    CHECK(sgd.steps_done() == 16777215 + 5 * 16777216LL);
    CHECK(list(sgd.state()[0].tensor) == Floats{16777215, 5});
  });
}

TEST_CASE("a state that does not fit raises an error that says what to do, and changes nothing") {
  for_each_device([&](Device device) {
    const Problem problem(device);
    Adam adam(problem.parameters());
    problem.step(adam);
    const std::vector<NamedTensor> good = copy_of(adam.state());
    const auto refuse = [&](const auto& spoil) {
      std::vector<NamedTensor> state = copy_of(good);
      for (NamedTensor& each : state)
        if (each.tensor.shape() != Shape{2}) each.tensor.fill(7.0f);
      spoil(state);
      try {
        adam.load_state(state);
      } catch (const Error& error) {
        const std::vector<NamedTensor> now = adam.state();
        for (std::size_t i = 0; i < now.size(); ++i)
          CHECK(list(now[i].tensor) == list(good[i].tensor));
        return std::string(error.what());
      }
      return std::string("no error");
    };
    const auto has = [](const std::string& message, const char* part) {
      CAPTURE(message);
      CHECK(message.find(part) != std::string::npos);
      CHECK(message.find("load a state that was saved by the same optimiser") != std::string::npos);
    };
    has(refuse([&](auto& state) { state.pop_back(); }), "adam: the state has no 'fc/bias/v'");
    has(refuse([&](auto& state) {
          state[2].tensor = Tensor(Shape{5, 3}, device);
        }),
        "'fc/weight/m' of the state is [5, 3], expected [3, 5]");
    has(refuse([](auto& state) {
          state.push_back({"other/m", Tensor()});
        }),
        "'other/m', which belongs to no parameter");
    has(refuse([](auto& state) { state.push_back(state[3]); }), "holds 'fc/weight/v' twice");
    has(refuse([](auto& state) { state[0].tensor.data()[0] = 0.5f; }),
        "'steps' of the state is no step count");
    has(refuse([](auto& state) { state[4].tensor.data()[1] = -1.0f; }),
        "'fc/bias/steps' of the state is no step count");
  });
}

TEST_CASE("optimisers refuse parameters and rates that make no sense") {
  const Problem problem;
  CHECK_THROWS_WITH_AS(Adam({{"w", Variable()}}), doctest::Contains("'w' is undefined"), Error);
  CHECK_THROWS_WITH_AS(Adam({{"w", problem.w}, {"w", problem.b}}),
                       doctest::Contains("two parameters are named 'w'"),
                       Error);
  CHECK_THROWS_WITH_AS(
      Adam({{"w", problem.w}, {"u", problem.w}}), doctest::Contains("the same variable"), Error);
  for (const float rate :
       {-1.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    CHECK_THROWS_WITH_AS(Sgd(problem.parameters(), {.learning_rate = rate}),
                         doctest::Contains("learning rate"),
                         Error);
    Adam adam(problem.parameters());
    CHECK_THROWS_AS(adam.set_learning_rate(rate), Error);
    CHECK(adam.learning_rate() == 1e-3f);
  }
}

TEST_CASE("an optimiser of no parameters, and of an empty one, does nothing") {
  for_each_device([&](Device device) {
    Adam none({});
    none.step();
    CHECK(none.steps_done() == 1);
    const Variable empty(Tensor(Shape{0, 3}, device), true);
    Adam adam({{"empty", empty}});
    empty.grad();
    adam.step();
    CHECK(empty.value().size() == 0);
  });
}

TEST_CASE("what an optimiser remembers is booked as optimiser memory") {
  const Problem problem;
  const std::size_t before = memory_use(kCpu, MemoryTag::optimizer).current;
  const Adam adam(problem.parameters());
  CHECK(memory_use(kCpu, MemoryTag::optimizer).current == before + 2 * 20 * sizeof(float));
}

}  // namespace spiketape::tests
