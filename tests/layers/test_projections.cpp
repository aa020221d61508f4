// Linear, Recurrent and Bias: the layers that make a current.
#include <vector>

#include <doctest/doctest.h>

#include "autograd/current.hpp"
#include "core/error.hpp"
#include "layers/bias.hpp"
#include "layers/linear.hpp"
#include "layers/recurrent.hpp"

namespace spiketape {
namespace {

const std::vector<Event> kEvents = {{0, 0, 1}, {0, 1, 0}, {0, 1, 1}, {1, 2, 2}};

SpikeVariable spikes_of_three() { return SpikeTensor::from_events(2, 3, 3, kEvents); }

void set(const Variable& variable, const std::vector<float>& values) {
  Variable handle = variable;
  std::copy(values.begin(), values.end(), handle.value().values().begin());
}

}  // namespace

TEST_CASE("linear sums the weight rows of the units that fired, plus the bias") {
  Module root;
  const Linear fc(root, "fc", 3, 2, {.bias = true});
  set(fc.weight(), {1, 2, 10, 20, 100, 200});
  set(fc.bias(), {0.5f, -0.5f});
  const Current current = fc(spikes_of_three());
  CHECK(current.name() == "fc");
  CHECK(current.neurons() == 2);
  const Tensor dense_current = dense(current);
  CHECK(dense_current.shape() == Shape{2, 3, 2});
  const std::vector<float> expected = {
      10.5f, 19.5f, 11.5f, 21.5f, 0.5f, -0.5f, 0.5f, -0.5f, 0.5f, -0.5f, 100.5f, 199.5f};
  CHECK(std::equal(expected.begin(), expected.end(), dense_current.values().begin()));
}

TEST_CASE("linear starts within +-1 / sqrt(inputs), with zero bias, and wants gradients") {
  Module root;
  const Linear fc(root, "fc", 100, 50, {.bias = true});
  float most = 0.0f;
  for (const float w : fc.weight().value().values()) most = std::max(most, std::abs(w));
  CHECK(most <= 0.1f);
  CHECK(most > 0.09f);
  CHECK(fc.bias().value().values()[49] == 0.0f);
  CHECK(fc.weight().wants_grad());
  CHECK(fc.bias().wants_grad());
  CHECK_FALSE(Linear(root, "plain", 2, 2).bias().defined());
}

TEST_CASE("linear refuses spikes of another width and names itself") {
  Module root;
  const Linear fc(root, "fc7", 5, 2);
  CHECK_THROWS_WITH_AS(fc(spikes_of_three()), doctest::Contains("fc7"), ShapeError);
  CHECK_THROWS_WITH_AS(Linear(root, "bad", 0, 2),
                       doctest::Contains("bad: inputs must be in 1..65536, got 0"),
                       ShapeError);
  CHECK_THROWS_AS(Linear(root, "bad", 2, 65537), ShapeError);
}

TEST_CASE("a recurrence and a bias are terms of a current, added or called") {
  Module root;
  const Linear fc(root, "fc", 3, 2);
  const Recurrent back(root, "back", 2);
  const Bias bias(root, "bias", 2);
  for (const Current& current :
       {fc(spikes_of_three()) + back + bias, bias(back(fc(spikes_of_three())))}) {
    CHECK(current.terms().size() == 1);
    CHECK(current.recurrence().same_as(back.weight()));
    REQUIRE(current.biases().size() == 1);
    CHECK(current.biases()[0].same_as(bias.bias()));
    CHECK(current.batch() == 2);
  }
}

TEST_CASE("terms of another width are refused") {
  Module root;
  const Linear fc(root, "fc", 3, 2);
  const Recurrent back(root, "back", 4);
  const Bias bias(root, "bias", 5);
  CHECK_THROWS_AS(back(fc(spikes_of_three())), ShapeError);
  CHECK_THROWS_AS(fc(spikes_of_three()) + bias, ShapeError);
  CHECK_THROWS_AS(Recurrent(root, "none", 0), ShapeError);
  CHECK_THROWS_AS(Bias(root, "none", -1), ShapeError);
}

}  // namespace spiketape
