#include <doctest/doctest.h>

#include <vector>

#include "autograd/ops.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "tests/autograd/dual_reference.hpp"

using namespace spiketape;
using namespace spiketape::test;

TEST_CASE("spikes are counted per sample and neuron, repeated ones as often as they are there") {
  const std::vector<Event> events = {{0, 0, 1}, {0, 2, 1}, {0, 2, 1}, {1, 1, 0}};
  const Variable counts = spike_count(SpikeTensor::from_events(2, 3, 2, events));
  CHECK(counts.shape() == Shape{2, 2});
  const std::vector<float> expected = {0, 3, 1, 0};
  for (std::size_t i = 0; i < 4; ++i) CHECK(counts.value().values()[i] == expected[i]);
}

TEST_CASE("no spikes count zero") {
  for (const Shape& shape : {Shape{2, 3, 4}, Shape{2, 0, 4}, Shape{1, 1, 1}}) {
    const Variable counts = spike_count(SpikeTensor::from_events(shape[0], shape[1], shape[2], {}));
    CHECK(counts.shape() == Shape{shape[0], shape[2]});
    for (const float x : counts.value().values()) CHECK(x == 0.0f);
  }
}

TEST_CASE("every active entry gets the gradient of its neuron's count") {
  Random random(1);
  const SpikeVariable source(random_spikes(3, 7, 19, 0.2, random, true), true);
  const Variable upstream(random_weight({3, 19}, 1.0f, random));
  Tape tape;
  tape.backward(sum(spike_count(source) * upstream));
  const auto offsets = source.value().active_offsets();
  for (std::size_t row = 0; row < 21; ++row)
    for (auto e = offsets[row]; e < offsets[row + 1]; ++e)
      CHECK(source.grad().values()[e] ==
            upstream.value().values()[row / 7 * 19 + source.value().active_units()[e]]);
}

TEST_CASE(
    "a spike counts with its amplitude, so that dropout leaves counts as they are on average") {
  Random random(1);
  const SpikeVariable source(random_spikes(3, 7, 19, 0.2, random, true), true, 2.5f);
  const Variable plain = spike_count(SpikeVariable(source.value()));
  Tape tape;
  const Variable counts = spike_count(source);
  for (std::size_t i = 0; i < counts.value().values().size(); ++i)
    CHECK(counts.value().values()[i] == 2.5f * plain.value().values()[i]);
  tape.backward(sum(counts));
  for (const float grad : source.grad().values()) CHECK(grad == 2.5f);
}

TEST_CASE("counts of input data record nothing") {
  const Tape tape;
  const Variable counts = spike_count(SpikeTensor::from_events(1, 2, 3, {}));
  CHECK_FALSE(counts.wants_grad());
  CHECK(tape.size() == 0);
}
