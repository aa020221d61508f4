// The readout of a card gives what the CPU's gives: scores, traces, and gradients of both.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "autograd/current_view.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "core/random.hpp"

using namespace spiketape;

namespace {

struct Case {
  std::int64_t batch = 3;
  std::int64_t steps = 20;
  std::int64_t inputs = 40;
  std::int64_t classes = 10;
  SynapsePath path = SynapsePath::automatic;
  bool bias = true;
};

Tensor random_tensor(const Shape& shape, std::uint64_t stream) {
  Tensor tensor(shape);
  Random random(3, stream);
  for (float& value : tensor.values()) value = random.normal();
  return tensor;
}

SpikeTensor random_spikes(const Case& with) {
  Random random(5);
  std::vector<Event> events;
  for (std::int32_t sample = 0; sample < with.batch; ++sample)
    for (std::int32_t step = 0; step < with.steps; ++step)
      for (std::int32_t unit = 0; unit < with.inputs; ++unit)
        if (random.uniform() < 0.1f) events.push_back({sample, step, unit});
  const SpikeTensor fired = SpikeTensor::from_events(with.batch, with.steps, with.inputs, events);
  auto slopes = std::make_shared<Buffer<float>>(Buffer<float>::zeros(events.size()));
  return {with.batch, with.steps, with.inputs, fired.events(), fired.events(), slopes};
}

/// What a readout gives on a device, brought to the CPU: result, then gradients.
std::vector<Tensor> run(const Case& with,
                        Device device,
                        const std::function<Variable(const Current&)>& op) {
  const SpikeVariable spikes(random_spikes(with).to(device), true);
  const Variable weight(random_tensor({with.inputs, with.classes}, 1).to(device), true);
  Current current = Current::from_synapse(
      "out", spikes, weight, linear_synapse(with.inputs, with.classes, with.path));
  Variable bias(random_tensor({with.classes}, 2).to(device), true);
  if (with.bias) current = current + Current::from_bias("out", bias);
  Tape tape;
  const Variable result = op(current);
  // The loss is linear in the result with fixed weights, so its gradient is known.
  const Variable loss(Tensor::scalar(0.0f, device), true);
  tape.record("weights", [&] { result.grad().copy_from(random_tensor(result.shape(), 9)); });
  tape.backward(loss);
  std::vector<Tensor> all = {
      result.value().to(kCpu), weight.grad().to(kCpu), spikes.grad().to(kCpu)};
  if (with.bias) all.push_back(bias.grad().to(kCpu));
  return all;
}

void compare(const Case& with, const std::function<Variable(const Current&)>& op) {
  CAPTURE(with.classes);
  CAPTURE(with.steps);
  const std::vector<Tensor> expected = run(with, kCpu, op);
  for (const Device device : available_devices()) {
    if (device == kCpu) continue;
    const std::vector<Tensor> got = run(with, device, op);
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      CAPTURE(i);
      double error = 0.0;
      double norm = 1e-12;
      for (std::size_t k = 0; k < expected[i].values().size(); ++k) {
        const auto e = static_cast<double>(expected[i].values()[k]);
        error += std::pow(static_cast<double>(got[i].values()[k]) - e, 2);
        norm += e * e;
      }
      CHECK(std::sqrt(error / norm) < 1e-5);
    }
  }
}

}  // namespace

TEST_CASE("readouts agree on every device for every score") {
  for (const Score score : {Score::max, Score::sum, Score::mean, Score::last}) {
    CAPTURE(to_string(score));
    for (const std::int64_t classes : {1, 10, 33})
      compare({.classes = classes},
              [&](const Current& current) { return readout(current, 0.9f, score); });
    compare({.batch = 1, .steps = 1},
            [&](const Current& current) { return readout(current, 0.9f, score); });
    compare({.steps = 2, .bias = false},
            [&](const Current& current) { return readout(current, 0.0f, score); });
  }
}

TEST_CASE("traces of a readout and dense currents agree on every device") {
  compare({}, [](const Current& current) { return readout_trace(current, 0.8f); });
  for (const SynapsePath path : {SynapsePath::event, SynapsePath::gemm}) {
    const Case with{.path = path};
    compare(with, [](const Current& current) { return readout_trace(current, 0.8f); });
    compare(with, [](const Current& current) {
      readout(current, 0.5f, Score::max);
      return Variable(dense(current), true);
    });
  }
}

TEST_CASE("a readout that is not finite is the same error on every device") {
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    const Case with;
    const SpikeVariable spikes(random_spikes(with).to(device));
    Tensor weights = random_tensor({with.inputs, with.classes}, 1);
    for (std::int64_t i = 0; i < with.inputs; ++i)
      weights.data()[i * with.classes + 4] = std::numeric_limits<float>::infinity();
    const Variable weight(weights.to(device));
    const Current current = Current::from_synapse(
        "out", spikes, weight, linear_synapse(with.inputs, with.classes, with.path));
    CHECK_THROWS_WITH_AS(readout(current, 0.9f, Score::sum),
                         doctest::Contains("out: the readout of sample 0, class 4 is inf"),
                         NumericError);
  }
}
