#include "layers/calibrate.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/ops.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "layers/bias.hpp"
#include "layers/init.hpp"
#include "layers/linear.hpp"
#include "layers/neurons.hpp"
#include "layers/readout.hpp"
#include "layers/recurrent.hpp"
#include "layers/sequential.hpp"
#include "tests/layers/support.hpp"

namespace spiketape {
namespace {

/// A network that calibrate() knows nothing about: a skip connection, a recurrence, one shared
/// neuron object.
struct Net : Module {
  Linear fc1{*this, "fc1", 40, 60}, fc2{*this, "fc2", 60, 50, {.bias = true}},
      out{*this, "out", 50, 3};
  Linear skip{*this, "skip", 40, 50};
  Recurrent back{*this, "back", 60};
  Lif lif;
  CubaLif cuba{{.tau_synapse = 4e-3}};
  Readout readout;
  SpikeVariable s1, s2;

  Variable forward(const SpikeVariable& x) {
    s1 = lif(fc1(x) + back);
    s2 = cuba(fc2(s1) + skip(x));
    return readout(out(s2));
  }
};

SpikeVariable batch() { return testing::random_spikes(16, 50, 40, 0.03f); }

double spikes_percent(const SpikeVariable& spikes) {
  const SpikeTensor& value = spikes.value();
  return 100.0 * static_cast<double>(value.event_count()) /
         static_cast<double>(value.rows() * value.neurons());
}

}  // namespace

TEST_CASE("every layer meets the target from weights 0.1 to 20 times the usual") {
  for (const float gain : {0.1f, 0.5f, 1.0f, 3.0f, 20.0f}) {
    CAPTURE(gain);
    Net net;
    for (const NamedVariable& parameter : net.parameters())
      if (parameter.variable.value().rank() == 2)
        uniform_by_fan_in(parameter.variable, gain, 3, parameter.name);
    const Tensor out_before = net.out.weight().value().clone();
    const auto report = calibrate(net, batch(), 1.5);
    REQUIRE(report.size() == 2);
    CHECK(report[0].name.find("fc1") != std::string::npos);
    CHECK(report[0].sweeps < 60);
    net.forward(batch());
    CHECK(spikes_percent(net.s1) == doctest::Approx(1.5).epsilon(0.11));
    CHECK(spikes_percent(net.s2) == doctest::Approx(1.5).epsilon(0.11));
    CHECK(report[1].percent_after == doctest::Approx(spikes_percent(net.s2)).epsilon(1e-9));
    CHECK(report[0].active_percent > 0.0);
    CHECK(report[1].active_percent > 0.0);
    CHECK(net.out.weight().value().values()[7] == out_before.values()[7]);
  }
}

TEST_CASE("a network that started silent has gradients after calibration") {
  Net net;
  for (const NamedVariable& parameter : net.parameters()) {
    Variable weight = parameter.variable;
    for (float& w : weight.value().values()) w *= 0.05f;
  }
  const auto fc1_gradient = [&] {
    Tape tape;
    const Variable scores = net.forward(batch());
    tape.backward(cross_entropy(scores, std::vector<std::int32_t>(16, 1)));
    double norm = 0.0;
    if (net.fc1.weight().has_grad())
      for (const float g : net.fc1.weight().grad().values())
        norm += std::abs(static_cast<double>(g));
    net.fc1.weight().clear_grad();
    return norm;
  };
  CHECK(fc1_gradient() == 0.0);
  const auto report = calibrate(net, batch());
  CHECK(report[0].percent_before == 0.0);
  CHECK(report[0].scale > 1.0);
  CHECK(fc1_gradient() > 0.0);
  CHECK(describe(report).find("fc1") != std::string::npos);
}

TEST_CASE("a layer that meets the target already is left as it is") {
  Net net;
  calibrate(net, batch(), 1.0);
  const Tensor before = net.fc1.weight().value().clone();
  const auto report = calibrate(net, batch(), 1.0);
  CHECK(report[0].scale == 1.0);
  CHECK(std::equal(
      before.values().begin(), before.values().end(), net.fc1.weight().value().values().begin()));
}

TEST_CASE("scores lie as far apart as asked, whatever the readout began with") {
  for (const float gain : {0.1f, 1.0f, 20.0f}) {
    CAPTURE(gain);
    Net net;
    calibrate(net, batch(), 1.5);
    const Variable weight = net.out.weight();
    uniform_by_fan_in(weight, gain, 3, "out");
    const auto forward = [&] { return net.forward(batch()); };
    const double factor = calibrate_scores(forward, std::vector{weight}, 2.0);
    double squares = 0.0;
    const Tensor scores = forward().value();
    for (std::size_t b = 0; b < 16; ++b) {
      const auto row = scores.values().subspan(3 * b, 3);
      const double mean = (double{row[0]} + double{row[1]} + double{row[2]}) / 3.0;
      for (const float score : row) squares += (double{score} - mean) * (double{score} - mean);
    }
    CHECK(std::sqrt(squares / 48.0) == doctest::Approx(2.0).epsilon(1e-5));
    CHECK(calibrate_scores(forward, std::vector{weight}, 2.0) ==
          doctest::Approx(1.0).epsilon(1e-5));
    CHECK(factor > 0.0);
  }
}

TEST_CASE("scores and readout weights may be on any device, and stay there") {
  const std::vector<float> scores = {
      1, 2, 6, 0, 0, 3};  // distances from the mean: 14 and 6 squared
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    const Variable weight(Tensor::from_values({2}, std::vector<float>{3.0f, -5.0f}).to(device));
    const auto forward = [&] { return Variable(Tensor::from_values({2, 3}, scores).to(device)); };
    const double factor = calibrate_scores(forward, std::vector{weight}, 2.0);
    CHECK(factor == doctest::Approx(2.0 / std::sqrt(20.0 / 6.0)));
    CHECK(weight.value().device() == device);
    const Tensor scaled = weight.value().to(kCpu);
    CHECK(scaled.values()[0] == 3.0f * static_cast<float>(factor));
    CHECK(scaled.values()[1] == -5.0f * static_cast<float>(factor));
  }
}

TEST_CASE("scores that cannot be spread are an error that says why") {
  Net net;
  const std::vector<Variable> weights{net.out.weight()};
  const auto alike = [] { return Variable(Tensor({4, 3})); };
  CHECK_THROWS_WITH_AS(calibrate_scores(alike, weights, 1.0),
                       doctest::Contains("let spikes reach the readout"),
                       Error);
  CHECK_THROWS_WITH_AS(
      calibrate_scores(alike, weights, 0.0), doctest::Contains("above 0 and finite, got 0"), Error);
  CHECK_THROWS_WITH_AS(
      calibrate_scores(alike, {}, 1.0), doctest::Contains("no weights to scale"), Error);
  CHECK_THROWS_WITH_AS(calibrate_scores([] { return Variable(Tensor({4})); }, weights, 1.0),
                       doctest::Contains("[batch, class], got [4]"),
                       ShapeError);
}

TEST_CASE("all terms of a layer are scaled by one factor, and shared weights once") {
  Module root;
  const Linear fc(root, "fc", 40, 40);
  const Bias bias(root, "bias", 40);
  Variable(bias.bias()).value().fill(0.001f);
  const float weight_before = fc.weight().value().values()[5];
  Lif lif;
  const auto report = calibrate([&] { lif(fc(lif(fc(batch()) + bias))); }, 2.0);
  REQUIRE(report.size() == 1);
  const auto scale = static_cast<float>(report[0].scale);
  CHECK(fc.weight().value().values()[5] == doctest::Approx(weight_before * scale));
  CHECK(bias.bias().value().values()[0] == doctest::Approx(0.001f * scale));
}

TEST_CASE("a layer is calibrated where its weights are") {
  const auto calibrated = [](Device device) {
    Module root;
    const Linear fc(root, "fc", 40, 33);
    const Bias bias(root, "bias", 33);
    Variable(bias.bias()).value().fill(0.001f);
    for (const NamedVariable& parameter : root.parameters()) {
      Variable variable = parameter.variable;
      variable.value() = variable.value().to(device);
    }
    const SpikeVariable input(batch().value().to(device));
    Lif lif;
    const auto report = calibrate([&] { lif(fc(input) + bias); }, 2.0);
    REQUIRE(report.size() == 1);
    CHECK(report[0].percent_after == doctest::Approx(2.0).epsilon(0.11));
    CHECK(fc.weight().value().device() == device);
    CHECK(bias.bias().value().device() == device);
    CHECK(bias.bias().value().to(kCpu).values()[32] ==
          0.001f * static_cast<float>(report[0].scale));
    CHECK_THROWS_WITH_AS(calibrate([&] { lif(fc(input) + bias); }, 99.5),
                         doctest::Contains("the most that scaling reached"),
                         Error);
    return std::pair(report[0].scale, fc.weight().value().to(kCpu).values()[5]);
  };
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    const auto [scale, weight] = calibrated(device);
    CHECK(scale == doctest::Approx(calibrated(kCpu).first).epsilon(0.05));
    CHECK(weight != 0.0f);
  }
}

TEST_CASE("a sequential network can be calibrated") {
  Sequential net;
  net.add<Linear>("fc1", 40, 30);
  net.add<Lif>();
  net.add<Linear>("out", 30, 2);
  net.add<Readout>();
  const auto report = calibrate(net, batch(), 1.0);
  REQUIRE(report.size() == 1);
  CHECK(report[0].percent_after == doctest::Approx(1.0).epsilon(0.11));
}

TEST_CASE("calibration says why a layer cannot fire, and leaves its weights alone") {
  Net net;
  CHECK_THROWS_WITH_AS(calibrate(net, SpikeTensor::from_events(2, 10, 40, {})),
                       doctest::Contains("no spikes come in"),
                       Error);
  const Tensor before = net.fc1.weight().value().clone();
  CHECK_THROWS_WITH_AS(
      calibrate(net, batch(), 99.5), doctest::Contains("the most that scaling reached"), Error);
  CHECK(std::equal(
      before.values().begin(), before.values().end(), net.fc1.weight().value().values().begin()));
  Variable(net.fc1.weight()).value().fill(0.0f);
  CHECK_THROWS_WITH_AS(
      calibrate(net, batch()), doctest::Contains("all its weights are zero"), Error);
  Variable(net.fc1.weight()).value().fill(-0.1f);
  CHECK_THROWS_WITH_AS(calibrate(net, batch()), doctest::Contains("other initial weights"), Error);
}

TEST_CASE("calibration refuses targets that make no sense and networks without neurons") {
  Net net;
  CHECK_THROWS_AS(calibrate(net, batch(), 0.0), Error);
  CHECK_THROWS_AS(calibrate(net, batch(), 100.0), Error);
  CHECK_THROWS_AS(calibrate(net, batch(), 1.0, 0.0), Error);
  CHECK_THROWS_WITH_AS(calibrate([] {}), doctest::Contains("no neuron layer"), Error);
}

}  // namespace spiketape
