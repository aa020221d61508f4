#include <doctest/doctest.h>

#include <vector>

#include "autograd/current.hpp"
#include "core/error.hpp"
#include "core/synapse.hpp"

using namespace spiketape;

namespace {

SpikeVariable spikes(std::int64_t batch, std::int64_t steps, std::int64_t neurons) {
  return SpikeTensor::from_events(batch, steps, neurons, {});
}

Variable zeros(const Shape& shape) { return Variable(Tensor(shape), true); }

Current linear(const SpikeVariable& source, std::int64_t outputs, const char* name = "fc") {
  return Current::from_synapse(
      name, source, zeros({source.neurons(), outputs}), linear_synapse(source.neurons(), outputs));
}

}  // namespace

TEST_CASE("dense current is the sum of the weights of who fired, plus the bias") {
  const std::vector<Event> events = {{0, 0, 0}, {0, 0, 2}, {0, 1, 1}, {0, 1, 1}};
  const SpikeVariable source(SpikeTensor::from_events(1, 3, 3, events), false, 2.0f);
  const std::vector<float> w = {1, 10, 2, 20, 3, 30};
  const std::vector<float> b = {0.5f, -0.5f};
  const Variable weight(Tensor::from_values({3, 2}, w));
  const Variable bias(Tensor::from_values({2}, b));
  for (const SynapsePath path : {SynapsePath::event, SynapsePath::gemm, SynapsePath::automatic}) {
    CAPTURE(to_string(path));
    const Current current =
        Current::from_synapse("fc", source, weight, linear_synapse(3, 2, path)) +
        Current::from_bias("fc", bias);
    const Tensor result = dense(current);
    CHECK(result.shape() == Shape{1, 3, 2});
    const std::vector<float> expected = {8.5f, 79.5f, 8.5f, 79.5f, 0.5f, -0.5f};
    for (std::size_t i = 0; i < 6; ++i) CHECK(result.values()[i] == expected[i]);
  }
}

TEST_CASE("terms add up") {
  const std::vector<Event> events = {{0, 0, 0}};
  const SpikeVariable source(SpikeTensor::from_events(1, 1, 1, events));
  const auto one = [&](float w) {
    return Current::from_synapse(
        "fc", source, Variable(Tensor::full({1, 20}, w)), linear_synapse(1, 20));
  };
  const Current current = one(1.0f) + one(2.0f) + one(4.0f);
  CHECK(current.terms().size() == 3);
  CHECK(current.neurons() == 20);
  const Tensor result = dense(current);
  for (const float x : result.values()) CHECK(x == 7.0f);
}

TEST_CASE("spikes or weights that do not fit the synapse are errors that name the layer") {
  CHECK_THROWS_WITH_AS(
      Current::from_synapse("fc1", spikes(2, 3, 512), zeros({700, 128}), linear_synapse(700, 128)),
      doctest::Contains("fc1"),
      ShapeError);
  CHECK_THROWS_WITH_AS(
      Current::from_synapse("fc1", spikes(2, 3, 512), zeros({700, 128}), linear_synapse(512, 128)),
      doctest::Contains("[700, 128]"),
      ShapeError);
  CHECK_THROWS_WITH_AS(
      Current::from_recurrence("rec", zeros({4, 5})), doctest::Contains("rec"), ShapeError);
  CHECK_THROWS_AS(Current::from_recurrence("rec", zeros({4})), ShapeError);
  CHECK_THROWS_WITH_AS(
      Current::from_bias("bias", zeros({4, 5})), doctest::Contains("bias"), ShapeError);
}

TEST_CASE("currents of different neurons, batches or steps do not add") {
  const Current current = linear(spikes(2, 3, 5), 7);
  CHECK_THROWS_AS(current + linear(spikes(2, 3, 5), 8), ShapeError);
  CHECK_THROWS_AS(current + linear(spikes(1, 3, 5), 7), ShapeError);
  CHECK_THROWS_AS(current + linear(spikes(2, 4, 5), 7), ShapeError);
  CHECK_THROWS_AS(current + Current::from_bias("b", zeros({6})), ShapeError);
  CHECK_THROWS_AS(current + Current::from_recurrence("r", zeros({6, 6})), ShapeError);
}

TEST_CASE("a layer has at most one recurrence") {
  const Current recurrent =
      linear(spikes(2, 3, 5), 7) + Current::from_recurrence("r", zeros({7, 7}));
  CHECK(recurrent.recurrence().defined());
  CHECK_THROWS_AS(recurrent + Current::from_recurrence("r2", zeros({7, 7})), Error);
}

TEST_CASE("batch and steps come from the spikes, in any order of the sum") {
  const Current bias = Current::from_bias("b", zeros({7}));
  CHECK_THROWS_AS(bias.steps(), ShapeError);
  CHECK_THROWS_AS(bias.batch(), ShapeError);
  const Current current = bias + linear(spikes(2, 3, 5), 7, "fc7");
  CHECK(current.steps() == 3);
  CHECK(current.batch() == 2);
  CHECK(current.biases().size() == 1);
}

TEST_CASE("a current wants a gradient when any of its parts does") {
  const SpikeVariable source = spikes(1, 2, 3);
  const Variable frozen(Tensor({3, 4}), false);
  const auto synapse = linear_synapse(3, 4);
  const Current current = Current::from_synapse("fc", source, frozen, synapse);
  CHECK_FALSE(current.wants_grad());
  CHECK((current + Current::from_bias("b", zeros({4}))).wants_grad());
  CHECK((current + Current::from_recurrence("r", zeros({4, 4}))).wants_grad());
  const SpikeVariable wanting(SpikeTensor::from_events(1, 2, 3, {}), true);
  CHECK(Current::from_synapse("fc", wanting, frozen, synapse).wants_grad());
}
