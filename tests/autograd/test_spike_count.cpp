#include <doctest/doctest.h>

#include <vector>

#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "tests/autograd/dual_reference.hpp"
#include "tests/autograd/given_gradient.hpp"

using namespace spiketape;
using namespace spiketape::test;

namespace {

std::vector<float> list(const Tensor& tensor) {
  const Tensor host = tensor.to(kCpu);
  return {host.values().begin(), host.values().end()};
}

}  // namespace

TEST_CASE("spikes are counted per sample and neuron, repeated ones as often as they are there") {
  const std::vector<Event> events = {{0, 0, 1}, {0, 2, 1}, {0, 2, 1}, {1, 1, 0}};
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    const Variable counts = spike_count(SpikeTensor::from_events(2, 3, 2, events).to(device));
    CHECK(counts.shape() == Shape{2, 2});
    CHECK(counts.value().device() == device);
    CHECK(list(counts.value()) == std::vector<float>{0, 3, 1, 0});
  }
}

TEST_CASE("no spikes count zero") {
  for (const Device device : available_devices())
    for (const Shape& shape :
         {Shape{2, 3, 4}, Shape{2, 0, 4}, Shape{1, 1, 1}, Shape{0, 3, 4}, Shape{2, 3, 0}}) {
      CAPTURE(to_string(device));
      const SpikeTensor none = SpikeTensor::from_events(shape[0], shape[1], shape[2], {});
      const Variable counts = spike_count(none.to(device));
      CHECK(counts.shape() == Shape{shape[0], shape[2]});
      CHECK(counts.value().device() == device);
      for (const float x : list(counts.value())) CHECK(x == 0.0f);
    }
}

TEST_CASE("every active entry gets the gradient of its neuron's count") {
  Random random(1);
  for (const std::int64_t neurons : {1, 19, 32, 300}) {
    CAPTURE(neurons);
    const SpikeTensor spikes = random_spikes(3, 7, neurons, 0.2, random, true);
    const Tensor upstream = random_weight({3, neurons}, 1.0f, random);
    const auto offsets = spikes.active_offsets();
    for (const Device device : available_devices()) {
      CAPTURE(to_string(device));
      const SpikeVariable source(spikes.to(device), true);
      Tape tape;
      tape.backward(loss_with_gradient(spike_count(source), upstream));
      const std::vector<float> grad = list(source.grad());
      for (std::int64_t row = 0; row < 21; ++row)
        for (auto e = offsets[static_cast<std::size_t>(row)];
             e < offsets[static_cast<std::size_t>(row) + 1];
             ++e)
          CHECK(grad[e] == upstream.data()[row / 7 * neurons + spikes.active_units()[e]]);
    }
  }
}

TEST_CASE(
    "a spike counts with its amplitude, so that dropout leaves counts as they are on average") {
  Random random(1);
  const SpikeTensor spikes = random_spikes(3, 7, 19, 0.2, random, true);
  const std::vector<float> plain = list(spike_count(SpikeVariable(spikes)).value());
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    const SpikeVariable source(spikes.to(device), true, 2.5f);
    Tape tape;
    const Variable counts = spike_count(source);
    const std::vector<float> values = list(counts.value());
    for (std::size_t i = 0; i < plain.size(); ++i) CHECK(values[i] == 2.5f * plain[i]);
    tape.backward(loss_with_gradient(counts, Tensor::full({3, 19}, 1.0f)));
    for (const float grad : list(source.grad())) CHECK(grad == 2.5f);
  }
}

TEST_CASE("counts with an amplitude that has no short binary form are the same on every device") {
  std::vector<Event> events;
  for (std::int32_t step = 0; step < 200; ++step)
    for (std::int32_t neuron = 0; neuron < 33; ++neuron)
      if (step % (neuron + 1) == 0) events.push_back({0, step, neuron});
  const SpikeTensor spikes = SpikeTensor::from_events(1, 200, 33, events);
  const auto counts = [&](Device device) {
    return list(spike_count(SpikeVariable(spikes.to(device), false, 1.0f / 0.7f)).value());
  };
  for (const Device device : available_devices()) CHECK(counts(device) == counts(kCpu));
}

TEST_CASE("counts of input data record nothing") {
  for (const Device device : available_devices()) {
    const Tape tape;
    const Variable counts = spike_count(SpikeTensor::from_events(1, 2, 3, {}).to(device));
    CHECK_FALSE(counts.wants_grad());
    CHECK(tape.size() == 0);
  }
}
