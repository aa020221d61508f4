#include "layers/neurons.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "layers/linear.hpp"
#include "layers/readout.hpp"

namespace spiketape {
namespace {

/// One unit that fires at every step of one sample.
SpikeVariable steady(std::int32_t steps) {
  std::vector<Event> events;
  for (std::int32_t t = 0; t < steps; ++t) events.push_back({0, t, 0});
  return SpikeTensor::from_events(1, steps, 1, events);
}

/// The steps at which a neuron fires that gets `weight` at every step.
template <typename Layer>
std::vector<std::int64_t> firing_steps(Layer& layer, float weight, std::int32_t steps) {
  Module root;
  const Linear fc(root, "fc", 1, 1);
  fc.weight().value();
  Variable(fc.weight()).value().fill(weight);
  const SpikeVariable spikes = layer(fc(steady(steps)));
  std::vector<std::int64_t> found;
  const Tensor dense_spikes = spikes.value().to_dense();
  for (std::int64_t t = 0; t < steps; ++t)
    if (dense_spikes.values()[static_cast<std::size_t>(t)] > 0.0f) found.push_back(t);
  return found;
}

/// The same by the equations, in double. One state each of synapse, membrane and adaptation.
std::vector<std::int64_t> expected_steps(
    double weight, int steps, double a, bool synapse, double s, double rho, double kappa) {
  std::vector<std::int64_t> found;
  double y = 0, v = 0, q = 0, spike_now = 0;
  for (int t = 0; t + 1 < steps; ++t) {
    y = synapse ? s * y + weight : weight;
    v = a * v + y - spike_now;
    q = rho * q + spike_now;
    spike_now = v - kappa * q > 1.0 ? 1.0 : 0.0;
    if (spike_now > 0) found.push_back(t + 1);
  }
  return found;
}

}  // namespace

TEST_CASE("a decay is exp(-dt / tau)") {
  CHECK(decay_of("x", 1e-3, 10e-3) == doctest::Approx(std::exp(-0.1)).epsilon(1e-7));
  const Lif lif({.tau = 20e-3, .dt = 2e-3});
  CHECK(lif.model().a[0][0][0] == doctest::Approx(std::exp(-0.1)).epsilon(1e-7));
  const CubaLif cuba({.tau = 20e-3, .tau_synapse = 4e-3, .dt = 1e-3});
  CHECK(cuba.model().a[0][0][0] == doctest::Approx(std::exp(-0.25)).epsilon(1e-7));
  CHECK(cuba.model().a[1][1][0] == doctest::Approx(std::exp(-0.05)).epsilon(1e-7));
  const AdaptiveLif adaptive({.tau_adaptation = 50e-3, .kappa = 0.3f});
  CHECK(adaptive.model().a[1][1][0] == doctest::Approx(std::exp(-0.02)).epsilon(1e-7));
  CHECK(adaptive.model().c[1][0] == -0.3f);
}

TEST_CASE("options reach the model") {
  const Lif lif(
      {.threshold = 2.0f, .window = 0.5f, .surrogate = Triangle{3.0f}, .reset_gradient = true});
  CHECK(lif.model().threshold == 2.0f);
  CHECK(lif.model().r[0][0] == -2.0f);
  CHECK(lif.model().window == 0.5f);
  CHECK(std::get<Triangle>(lif.model().surrogate).beta == 3.0f);
  CHECK(lif.model().gradient_through_jump[0]);
  CHECK_FALSE(Lif().model().gradient_through_jump[0]);
}

TEST_CASE("each kind of neuron fires when its equations say so") {
  const double a = std::exp(-0.1);
  Lif lif;
  CHECK(firing_steps(lif, 0.3f, 40) == expected_steps(0.3, 40, a, false, 0, 0, 0));
  CubaLif cuba({.tau_synapse = 5e-3});
  CHECK(firing_steps(cuba, 0.07f, 40) == expected_steps(0.07, 40, a, true, std::exp(-0.2), 0, 0));
  AdaptiveLif adaptive({.tau_adaptation = 30e-3, .kappa = 0.4f});
  const auto adapted = expected_steps(0.3, 40, a, false, 0, std::exp(-1.0 / 30), 0.4);
  CHECK(firing_steps(adaptive, 0.3f, 40) == adapted);
  CHECK(adapted.size() < expected_steps(0.3, 40, a, false, 0, 0, 0).size());
}

TEST_CASE("options that make no sense are refused by name") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(
      Lif({.tau = 0.0}), doctest::Contains("Lif: tau must be above 0 seconds"), Error);
  CHECK_THROWS_WITH_AS(Lif({.dt = -1e-3}), doctest::Contains("Lif: dt must be above 0"), Error);
  CHECK_THROWS_AS(Lif({.tau = std::numeric_limits<double>::infinity()}), Error);
  CHECK_THROWS_WITH_AS(Lif({.threshold = 0.0f}), doctest::Contains("threshold"), Error);
  CHECK_THROWS_WITH_AS(Lif({.window = 0.0f}), doctest::Contains("window"), Error);
  CHECK_THROWS_AS(Lif({.window = nan}), Error);
  CHECK_NOTHROW(Lif({.window = std::numeric_limits<float>::infinity()}));
  CHECK_THROWS_WITH_AS(CubaLif({.tau_synapse = -1.0}), doctest::Contains("tau_synapse"), Error);
  CHECK_THROWS_WITH_AS(
      AdaptiveLif({.tau_adaptation = 0.0}), doctest::Contains("tau_adaptation"), Error);
  CHECK_THROWS_WITH_AS(AdaptiveLif({.kappa = -0.1f}), doctest::Contains("kappa"), Error);
  CHECK_THROWS_WITH_AS(Readout({.tau = 0.0}), doctest::Contains("Readout: tau"), Error);
  NeuronModel model = lif_model(0.9f, 1.0f, false);
  model.states = 4;
  CHECK_THROWS_AS(NeuronLayer{model}, Error);
}

TEST_CASE("one neuron object that serves two layers keeps their activity apart") {
  Module root;
  const Linear fc1(root, "fc1", 1, 3);
  const Linear fc2(root, "fc2", 3, 2);
  Variable(fc1.weight()).value().fill(1.5f);
  Variable(fc2.weight()).value().fill(0.0f);
  Lif lif;
  const Tape tape;
  const SpikeVariable first = lif(fc1(steady(6)));
  lif(fc2(first));
  REQUIRE(lif.monitors().size() == 2);
  CHECK(lif.monitors()[0].name == "fc1");
  CHECK(lif.monitors()[0].monitor->spikes == 3 * 5);
  CHECK(lif.monitors()[0].monitor->neuron_steps == 6 * 3);
  CHECK(lif.monitors()[1].monitor->spikes == 0);
  CHECK(lif.monitors()[1].monitor->neuron_steps == 6 * 2);
  CHECK(lif.monitor().spikes == 15);
  CHECK(lif.monitor().neuron_steps == 30);
  CHECK(silent_layers(lif.monitors()) == std::vector<std::string>{"fc1", "fc2"});
  lif.reset_monitors();
  CHECK(lif.monitor().neuron_steps == 0);
  CHECK(silent_layers(lif.monitors()).empty());
}

TEST_CASE("a layer with weights that are not a number is named in the error") {
  Module root;
  const Linear fc(root, "broken", 1, 2);
  Variable(fc.weight()).value().fill(std::numeric_limits<float>::quiet_NaN());
  Lif lif;
  CHECK_THROWS_WITH_AS(lif(fc(steady(4))), doctest::Contains("broken"), NumericError);
}

TEST_CASE("layers describe themselves") {
  CHECK(Lif().describe() == "Lif tau 10 ms, dt 1 ms, threshold 1, window 0.2");
  CHECK(CubaLif().describe() ==
        "CubaLif tau 10 ms, tau_synapse 5 ms, dt 1 ms, threshold 1, window 0.2");
  CHECK(Readout().describe() == "Readout tau 10 ms, dt 1 ms, max over time");
}

}  // namespace spiketape
