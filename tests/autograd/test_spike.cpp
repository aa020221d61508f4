#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "autograd/ops.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "core/synapse.hpp"

// Values and gradients of a sweep that are worked out by hand; see test_dual_sweeps.cpp for the
// rest.
using namespace spiketape;

namespace {

/// One input through one weight to one neuron, membranes exact in float.
struct OneNeuron {
  Variable weight;
  SpikeVariable source;
  NeuronModel model = lif_model(0.5, 1.0, false);

  OneNeuron(float w, std::int64_t steps, const std::vector<Event>& events)
      : weight(Tensor::full({1, 1}, w), true),
        source(SpikeTensor::from_events(1, steps, 1, events)) {
    model.surrogate = Triangle{1.0f};
    model.window = 0.6;
  }
  Current current() const {
    return Current::from_synapse("fc", source, weight, linear_synapse(1, 1));
  }
};

std::vector<std::uint32_t> list(std::span<const std::uint32_t> values) {
  return {values.begin(), values.end()};
}

std::vector<float> list(std::span<const float> values) { return {values.begin(), values.end()}; }

}  // namespace

TEST_CASE("a neuron integrates, leaks, fires one step after its input and is reset") {
  // V = 0, 1.5, -0.25, 1.375, -0.3125: spikes at 1 and 3, where |V - 1| = 0.5 and 0.375 < 0.6.
  const OneNeuron net(1.5f, 5, {{0, 0, 0}, {0, 2, 0}});
  const Tape tape;
  const SpikeVariable s = spike(net.current(), net.model);
  CHECK(s.value().shape() == Shape{1, 5, 1});
  CHECK(list(s.value().event_offsets()) == std::vector<std::uint32_t>{0, 0, 1, 1, 2, 2});
  CHECK(list(s.value().active_offsets()) == std::vector<std::uint32_t>{0, 0, 1, 1, 2, 2});
  CHECK(list(s.value().slopes()) == std::vector<float>{0.5f, 0.625f});
  CHECK_NOTHROW(s.value().validate());
}

TEST_CASE(
    "a membrane on the threshold does not fire but is active, one on the window's edge is not "
    "active") {
  OneNeuron net(1.0f, 2, {{0, 0, 0}});
  const Tape tape;
  const SpikeVariable on_threshold = spike(net.current(), net.model);
  CHECK(on_threshold.value().event_count() == 0);
  CHECK(on_threshold.value().active_count() == 1);
  CHECK(list(on_threshold.value().slopes()) == std::vector<float>{1.0f});
  for (const float w : {0.5f, 1.5f}) {
    OneNeuron edge(w, 2, {{0, 0, 0}});
    edge.model.window = 0.5;
    const SpikeVariable s = spike(edge.current(), edge.model);
    CHECK(s.value().active_count() == 0);
    CHECK(s.value().event_count() == (w > 1.0f ? 1 : 0));
  }
}

TEST_CASE("record 0 is the zero state: silent, and active when the window reaches down to 0") {
  OneNeuron net(5.0f, 2, {{0, 0, 0}});
  net.model.window = 1.5;
  const Tape tape;
  const SpikeVariable s = spike(net.current(), net.model);
  CHECK(list(s.value().event_offsets()) == std::vector<std::uint32_t>{0, 0, 1});
  CHECK(list(s.value().active_offsets()) == std::vector<std::uint32_t>{0, 1, 1});
}

TEST_CASE("the input of the last step drives nothing") {
  const OneNeuron net(5.0f, 3, {{0, 2, 0}});
  CHECK(spike(net.current(), net.model).value().event_count() == 0);
  const OneNeuron one_step(5.0f, 1, {{0, 0, 0}});
  CHECK(spike(one_step.current(), one_step.model).value().event_count() == 0);
}

TEST_CASE("a repeated spike counts as often as it is there") {
  const OneNeuron net(0.75f, 2, {{0, 0, 0}, {0, 0, 0}});
  Tape tape;
  const SpikeVariable s = spike(net.current(), net.model);
  CHECK(s.value().event_count() == 1);
  CHECK(list(s.value().slopes()) == std::vector<float>{0.5f});
  tape.backward(sum(spike_count(s)));
  CHECK(net.weight.grad().item() == 1.0f);
}

TEST_CASE("a weight's gradient is slope times upstream, carried back by the leak") {
  // V = 0, 0.9375, 1.40625: active at 1 and 2. dL/dS = 1 at both, so lambda[1] = slope[2] and
  // lambda[0] = slope[1] + 0.5 * slope[2]; the input fires at 0 and 1.
  const OneNeuron net(0.9375f, 3, {{0, 0, 0}, {0, 1, 0}});
  Tape tape;
  const SpikeVariable s = spike(net.current(), net.model);
  REQUIRE(list(s.value().slopes()) == std::vector<float>{0.9375f, 0.59375f});
  tape.backward(sum(spike_count(s)));
  CHECK(net.weight.grad().item() == 0.59375f + (0.9375f + 0.5f * 0.59375f));
  CHECK(list(s.grad().values()) == std::vector<float>{1.0f, 1.0f});
}

TEST_CASE("the reset carries gradient only when asked to") {
  // V = 0, 1.25, then 0.5 * 1.25 + 1.25 - 1 = 0.875. Slopes 0.75 and 0.875.
  for (const bool reset_gradient : {false, true}) {
    CAPTURE(reset_gradient);
    OneNeuron net(1.25f, 3, {{0, 0, 0}, {0, 1, 0}});
    net.model.gradient_through_jump[0] = reset_gradient;
    Tape tape;
    const SpikeVariable s = spike(net.current(), net.model);
    REQUIRE(list(s.value().slopes()) == std::vector<float>{0.75f, 0.875f});
    tape.backward(sum(spike_count(s)));
    const float late = 0.875f;
    const float early = 0.75f * (1.0f - (reset_gradient ? late : 0.0f)) + 0.5f * late;
    CHECK(net.weight.grad().item() == late + early);
    // What grad() holds comes from the consumers alone, not from the reset.
    CHECK(list(s.grad().values()) == std::vector<float>{1.0f, 1.0f});
  }
}

TEST_CASE("gradients of several consumers add up") {
  OneNeuron net(1.25f, 2, {{0, 0, 0}});
  Tape tape;
  const SpikeVariable s = spike(net.current(), net.model);
  tape.backward(sum(spike_count(s)) + 2.0f * sum(spike_count(s)));
  CHECK(list(s.grad().values()) == std::vector<float>{3.0f});
  CHECK(net.weight.grad().item() == 3.0f * 0.75f);
}

TEST_CASE("without a tape, or when nothing wants a gradient, the active set is empty") {
  OneNeuron net(1.5f, 5, {{0, 0, 0}, {0, 2, 0}});
  CHECK(spike(net.current(), net.model).value().active_count() == 0);
  CHECK(spike(net.current(), net.model).value().event_count() == 2);
  const Tape tape;
  {
    const NoTape silent;
    CHECK(spike(net.current(), net.model).value().active_count() == 0);
  }
  CHECK(tape.size() == 0);
}

TEST_CASE("input data want no gradient and get none") {
  OneNeuron net(1.25f, 3, {{0, 0, 0}});
  Tape tape;
  tape.backward(sum(spike_count(spike(net.current(), net.model))));
  CHECK_FALSE(net.source.has_grad());
}

TEST_CASE("a monitor counts spikes, active entries, work and bytes") {
  const OneNeuron net(1.5f, 5, {{0, 0, 0}, {0, 2, 0}});
  const auto monitor = std::make_shared<Monitor>();
  Tape tape;
  const SpikeVariable s = spike(net.current(), net.model, monitor);
  CHECK(monitor->neuron_steps == 5);
  CHECK(monitor->spikes == 2);
  CHECK(monitor->active == 2);
  CHECK(monitor->dense_bytes == 5 * 4);
  CHECK(monitor->bytes > 0);
  CHECK(monitor->spikes_percent() == doctest::Approx(40.0));
  CHECK(monitor->macs > 0.0);
  CHECK(monitor->dense_macs >= monitor->macs);
  const double forward = monitor->macs;
  tape.backward(sum(spike_count(s)));
  CHECK(monitor->macs > forward);
  monitor->reset();
  CHECK(monitor->spikes == 0);
}
