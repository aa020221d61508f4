#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "tests/autograd/dual_reference.hpp"

// Every gradient of a sweep against forward-mode dual numbers in double, on random layers.
using namespace spiketape;
using namespace spiketape::test;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

NeuronModel lif(double window = 0.5, bool reset_gradient = false) {
  NeuronModel model = lif_model(0.9, 1.0, reset_gradient);
  model.window = window;
  model.surrogate = FastSigmoid{10.0f};
  return model;
}

/// Three states, everything coupled with everything, different in every neuron.
NeuronModel full_model(std::int64_t neurons) {
  NeuronModel model;
  model.states = 3;
  model.window = 0.5;
  model.surrogate = ArcTan{2.0f};
  model.gradient_through_jump = {true, false, true};
  Random random(5);
  const auto draw = [&](double low, double high) {
    NeuronModel::Coefficient values(static_cast<std::size_t>(neurons));
    for (double& x : values) x = low + (high - low) * static_cast<double>(random.uniform());
    return values;
  };
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) model.a[i][j] = i == j ? draw(0.6, 0.9) : draw(-0.1, 0.1);
    model.b[i] = draw(0.2, 1.0);
    model.r[i] = draw(-0.8, 0.2);
    model.c[i] = draw(0.2, 0.6);
  }
  return model;
}

void check(const RandomLayer& layer, const NeuronModel& model) {
  const SweepCheckResult result = check_layer(layer, model);
  INFO(result.message);
  CHECK(result.passed);
}

}  // namespace

TEST_CASE("a layer's gradients are those of dual numbers at every width around a vector's") {
  for (const std::int64_t neurons : {1, 2, 15, 16, 17, 31, 33, 63, 65}) {
    CAPTURE(neurons);
    check({.neurons = neurons}, lif());
    check({.neurons = neurons, .recurrent = true, .bias = true}, lif(0.5, true));
  }
}

TEST_CASE("wide layers, and ones wider than a cache block, have the gradients of dual numbers") {
  for (const std::int64_t neurons : {209, 230}) {
    CAPTURE(neurons);
    check({.batch = 1, .steps = 8, .inputs = 33, .neurons = neurons}, lif());
    check({.batch = 1, .steps = 6, .neurons = neurons, .recurrent = true}, lif());
  }
  check({.batch = 1, .steps = 4, .inputs = 230, .neurons = 17, .rate = 0.05}, lif());
}

TEST_CASE("dense spikes, where products take over backward, have the gradients of dual numbers") {
  NeuronModel steep = lif(0.2);
  steep.surrogate = FastSigmoid{100.0f};
  NeuronModel current_based = cuba_lif_model(0.8, 0.9, 1.0, false);
  current_based.window = 0.2;
  current_based.surrogate = FastSigmoid{100.0f};
  for (const float gain : {1.0f, 4.0f}) {
    const RandomLayer layer{.inputs = 100, .neurons = 60, .rate = 0.6, .gain = gain};
    check(layer, steep);
    check(layer, current_based);
  }
}

TEST_CASE("every surrogate has the gradients of dual numbers, in any window") {
  for (const char* name : {"fast_sigmoid", "triangle", "boxcar", "arctan", "exponential"})
    for (const double window : {0.05, 0.3, 2.0, 1e9, kInfinity}) {
      CAPTURE(name);
      CAPTURE(window);
      NeuronModel model = lif(window);
      model.surrogate = make_surrogate(name);
      check({}, model);
    }
}

TEST_CASE("every neuron model has the gradients of dual numbers") {
  for (const bool reset_gradient : {false, true})
    for (const bool recurrent : {false, true}) {
      CAPTURE(reset_gradient);
      CAPTURE(recurrent);
      const RandomLayer layer{.neurons = 18, .recurrent = recurrent};
      check(layer, lif(0.5, reset_gradient));
      check(layer, cuba_lif_model(0.8, 0.9, 1.0, reset_gradient));
      check(layer, adaptive_lif_model(0.9, 0.95, 0.3, 1.0, reset_gradient));
    }
}

TEST_CASE("three coupled states with coefficients per neuron have the gradients of dual numbers") {
  for (const std::int64_t neurons : {1, 16, 19, 34}) {
    CAPTURE(neurons);
    check({.neurons = neurons}, full_model(neurons));
    check({.neurons = neurons, .recurrent = true, .bias = true}, full_model(neurons));
  }
}

TEST_CASE("a resonator, whose states turn into each other, has the gradients of dual numbers") {
  NeuronModel model = lif();
  model.states = 2;
  model.a[0] = {{{0.8}, {-0.5}, {}}};
  model.a[1] = {{{0.5}, {0.8}, {}}};
  check({.steps = 20}, model);
}

TEST_CASE("per-neuron leaks have the gradients of dual numbers") {
  NeuronModel model = lif();
  model.a[0][0].assign(17, 0.0);
  for (std::size_t j = 0; j < 17; ++j) model.a[0][0][j] = 0.05 * static_cast<double>(j);
  check({}, model);
}

TEST_CASE("several terms, recurrence, bias and amplitude add up as dual numbers do") {
  check({.terms = 3}, lif());
  check({.terms = 2, .recurrent = true, .bias = true, .amplitude = 1.25f}, lif());
  check({.bias = true}, lif(kInfinity, true));
  check({.amplitude = 2.0f}, lif());
}

TEST_CASE("each path has the gradients of dual numbers at any density") {
  for (const SynapsePath path : {SynapsePath::event, SynapsePath::gemm, SynapsePath::automatic})
    for (const double rate : {0.02, 0.2, 0.5}) {
      CAPTURE(to_string(path));
      CAPTURE(rate);
      check(
          {.neurons = 21, .rate = rate, .gain = 2.0f, .terms = 2, .recurrent = true, .path = path},
          lif());
      check({.neurons = 21, .rate = rate, .gain = 2.0f, .path = path}, lif(kInfinity));
    }
}

TEST_CASE("short sequences and small batches have the gradients of dual numbers") {
  for (const std::int64_t steps : {1, 2, 3})
    for (const std::int64_t batch : {1, 5}) {
      CAPTURE(steps);
      CAPTURE(batch);
      check({.batch = batch, .steps = steps, .recurrent = true}, lif(kInfinity, true));
    }
}

TEST_CASE("silent and saturated layers have the gradients of dual numbers") {
  const SweepCheckResult silent = check_layer({.rate = 0.0}, lif());
  CHECK(silent.passed);
  CHECK(silent.spikes == 0);
  check({.gain = 0.01f}, lif());
  check({.rate = 0.0, .bias = true}, lif(kInfinity));
  NeuronModel busy = lif();
  busy.r[0] = {};  // without a reset nothing stops it
  check({.rate = 0.5, .gain = 8.0f}, busy);
  check({.rate = 0.5, .gain = 8.0f, .recurrent = true}, lif());
}

TEST_CASE(
    "the check names an input whose error is above the tolerance, and lets the current as it was") {
  const Current current = RandomLayer{}.build(0);
  CHECK(check_sweep_gradient(current, lif(kInfinity)).passed);
  const SweepCheckResult strict = check_sweep_gradient(current, lif(kInfinity), {.tolerance = 0.0});
  CHECK_FALSE(strict.passed);
  CHECK(strict.error > 0.0);
  CHECK(strict.message.find("weights of term 0") != std::string::npos);
  CHECK_FALSE(current.terms()[0].weight.has_grad());
}
