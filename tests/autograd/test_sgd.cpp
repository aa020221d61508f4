#include <doctest/doctest.h>

#include "autograd/sgd.hpp"
#include "core/error.hpp"
#include "tests/autograd/on_devices.hpp"
#include "tests/autograd/values.hpp"

namespace spiketape::tests {

TEST_CASE("SGD takes the steps computed by hand") {
  for_each_device([&](Device device) {
    const Variable w = leaf({2}, {1, -1}, device);
    Sgd sgd({{"w", w}}, {.learning_rate = 0.5f});
    w.grad().copy_from(tensor({2}, {2, 0}));
    sgd.step();
    CHECK(list(w.value()) == Floats{0, -1});
    w.grad().copy_from(tensor({2}, {0, -4}));
    sgd.step();
    CHECK(list(w.value()) == Floats{0, 1});
  });
}

TEST_CASE("SGD with momentum takes the steps computed by hand") {
  for_each_device([&](Device device) {
    const Variable w = leaf({1}, {1}, device);
    Sgd sgd({{"w", w}}, {.learning_rate = 0.5f, .momentum = 0.5f});
    w.grad().fill(1.0f);
    sgd.step();  // u = 1
    CHECK(w.item() == 0.5f);
    w.grad().fill(1.0f);
    sgd.step();  // u = 1.5
    CHECK(w.item() == -0.25f);
    w.grad().fill(0.0f);
    sgd.step();  // u = 0.75
    CHECK(w.item() == -0.625f);
  });
}

TEST_CASE("a learning rate set between steps is the one that the next step uses") {
  for_each_device([&](Device device) {
    const Variable w = leaf({1}, {1}, device);
    Sgd sgd({{"w", w}}, {.learning_rate = 0.5f});
    sgd.set_learning_rate(0.25f);
    CHECK(sgd.learning_rate() == 0.25f);
    w.grad().fill(1.0f);
    sgd.step();
    CHECK(w.item() == 0.75f);
  });
}

TEST_CASE("SGD refuses a momentum outside [0, 1)") {
  const Variable w = leaf({1}, {1});
  CHECK_THROWS_WITH_AS(
      Sgd({{"w", w}}, {.momentum = 1.0f}), doctest::Contains("momentum in [0, 1)"), Error);
  CHECK_THROWS_AS(Sgd({{"w", w}}, {.momentum = -0.1f}), Error);
}

}  // namespace spiketape::tests
