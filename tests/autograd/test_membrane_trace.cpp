#include "autograd/membrane_trace.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "layers/linear.hpp"
#include "layers/recurrent.hpp"
#include "tests/layers/support.hpp"

using namespace spiketape;

namespace {

/// One unit that fires at the given steps, through one weight to one neuron.
Current one_to_one(float weight, std::int64_t steps, const std::vector<Event>& events) {
  return Current::from_synapse("fc",
                               SpikeVariable(SpikeTensor::from_events(1, steps, 1, events)),
                               Variable(Tensor::full({1, 1}, weight)),
                               linear_synapse(1, 1));
}

/// The membrane of the neurons that `current` drives.
std::vector<float> trace(const Current& current, const NeuronModel& model) {
  const Tensor all = membrane_trace(current, model, spike(current, model).value());
  return {all.values().begin(), all.values().end()};
}

std::vector<NeuronModel> three_models() {
  std::vector<NeuronModel> models{lif_model(0.9, 1.0, false),
                                  cuba_lif_model(0.8, 0.9, 1.0, false),
                                  adaptive_lif_model(0.9, 0.97, 0.3, 1.0, false)};
  for (NeuronModel& model : models) model.window = 0.25;
  return models;
}

}  // namespace

TEST_CASE("the membrane trace of a LIF is the one computed by hand, reset included") {
  // V' = V / 2 + I - S: 1.5 comes at step 0 and 2; fires at 1 and 3.
  CHECK(trace(one_to_one(1.5f, 5, {{0, 0, 0}, {0, 2, 0}}), lif_model(0.5, 1.0, false)) ==
        std::vector<float>{0.0f, 1.5f, -0.25f, 1.375f, -0.3125f});
}

TEST_CASE("the membrane trace of a current-based LIF is the one computed by hand") {
  // (y, v) with y' = y / 2 + I, v' = v / 2 + y' - S: (0, 0), (1, 1), (0.5, 1) is not above 1,
  // (0.25, 0.75).
  CHECK(trace(one_to_one(1.0f, 4, {{0, 0, 0}}), cuba_lif_model(0.5, 0.5, 1.0, false)) ==
        std::vector<float>{0.0f, 1.0f, 1.0f, 0.75f});
}

TEST_CASE("the membrane trace of an adaptive LIF lies lower by kappa Q after a spike") {
  // (v, q): (0, 0), (2, 0) fires, (1 - 1, 1), (0, 0.5); V = v - q / 4.
  CHECK(trace(one_to_one(2.0f, 4, {{0, 0, 0}}), adaptive_lif_model(0.5, 0.5, 0.25, 1.0, false)) ==
        std::vector<float>{0.0f, 2.0f, -0.25f, -0.125f});
}

TEST_CASE("own spikes arrive through the recurrence one step later") {
  // Fires at step 1; the recurrent weight of 3 comes in with the reset: 2 / 2 + 3 - 1 = 3 fires
  // again, then 3 / 2 + 3 - 1.
  const Current current = one_to_one(2.0f, 4, {{0, 0, 0}}) +
                          Current::from_recurrence("rec", Variable(Tensor::full({1, 1}, 3.0f)));
  CHECK(trace(current, lif_model(0.5, 1.0, false)) == std::vector<float>{0.0f, 2.0f, 3.0f, 3.5f});
}

TEST_CASE("the membrane trace crosses the threshold where the sweep fires, for every neuron") {
  for (const bool recurs : {false, true}) {
    for (const NeuronModel& model : three_models()) {
      CAPTURE(recurs);
      CAPTURE(model.states);
      Module root;
      const Linear fc(root, "fc", 40, 37, {.bias = true});
      const Recurrent recurrent(root, "rec", 37);
      for (float& w : Variable(fc.weight()).value().values()) w *= 2.5f;
      Variable(fc.bias()).value().fill(0.01f);
      const SpikeVariable x(testing::random_spikes(3, 60, 40, 0.05f));
      const Current current = recurs ? fc(x) + recurrent : fc(x);

      const Tape tape;  // so that the active set is recorded
      const SpikeTensor spikes = spike(current, model).value();
      REQUIRE(spikes.event_count() > 50);
      REQUIRE(spikes.active_count() > 50);
      const Tensor membrane = membrane_trace(current, model, spikes);
      for (const Device device : available_devices()) {
        CAPTURE(to_string(device));
        root.to(device);
        const SpikeVariable there(x.value().to(device));
        const Current moved = recurs ? fc(there) + recurrent : fc(there);
        const Tensor same = membrane_trace(moved, model, spikes.to(device));
        CHECK(same.device() == kCpu);
        CHECK(std::equal(same.values().begin(),
                         same.values().end(),
                         membrane.values().begin(),
                         membrane.values().end(),
                         [](float a, float b) { return std::abs(a - b) < 1e-5f; }));
        root.to(kCpu);
      }
      const Tensor fired = spikes.to_dense();
      const std::vector<float> ones(static_cast<std::size_t>(spikes.active_count()), 1.0f);
      const Tensor active = spikes.active_to_dense(ones);
      int wrong = 0;
      for (std::int64_t i = 0; i < membrane.size(); ++i) {
        const double v = membrane.data()[i];
        wrong += (v > model.threshold) != (fired.data()[i] > 0.0f);
        wrong += (std::abs(v - model.threshold) < model.window) != (active.data()[i] > 0.0f);
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("coefficients of each neuron are taken") {
  NeuronModel model = lif_model(0.5, 10.0, false);
  model.a[0][0] = {0.5, 0.25};
  const Current current =
      Current::from_synapse("fc",
                            SpikeVariable(SpikeTensor::from_events(1, 3, 1, {{{0, 0, 0}}})),
                            Variable(Tensor::full({1, 2}, 4.0f)),
                            linear_synapse(1, 2));
  CHECK(trace(current, model) == std::vector<float>{0, 0, 4, 4, 2, 1});
}

TEST_CASE("a membrane trace of nothing is empty, and spikes of another layer are refused") {
  const NeuronModel model = lif_model(0.5, 1.0, false);
  CHECK(trace(one_to_one(1.0f, 0, {}), model).empty());
  const Current current = one_to_one(1.0f, 3, {});
  CHECK_THROWS_WITH_AS(
      membrane_trace(current, model, SpikeTensor::from_events(1, 4, 1, {})),
      doctest::Contains("fc: membrane_trace: the spikes are [1, 4, 1]; expected [1, 3, 1]"),
      ShapeError);
}
