#include "layers/regularizers.hpp"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/ops.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "tests/autograd/given_gradient.hpp"
#include "tests/layers/support.hpp"

namespace spiketape {
namespace {

/// The formula from single ops, as oracle.py has it.
Variable composed(const SpikeVariable& spikes, const ActivityRegularizerOptions& options) {
  const Variable z = spike_count(spikes);
  const Variable upper =
      options.lambda_upper * power(relu(mean(z, {1}) - options.upper), options.power);
  const Variable lower = options.lambda_lower * mean(power(relu(options.lower - z), 2.0f), {1});
  return mean(upper + lower);
}

void check_against_composed(const SpikeTensor& value, const ActivityRegularizerOptions& options) {
  const SpikeVariable fused_spikes(value, true);
  const SpikeVariable composed_spikes(value, true);
  {
    Tape tape;
    const Variable loss = ActivityRegularizer(options)(fused_spikes) * 3.0f;
    CHECK(tape.ops().front() == "activity_regularizer");
    const Variable expected = composed(composed_spikes, options) * 3.0f;
    CHECK(loss.item() == doctest::Approx(expected.item()).epsilon(1e-5));
    tape.backward(loss);
  }
  Tape tape;
  tape.backward(composed(composed_spikes, options) * 3.0f);
  double norm = 0.0;
  double distance = 0.0;
  for (std::int64_t e = 0; e < value.active_count(); ++e) {
    const double a = static_cast<double>(fused_spikes.grad().data()[e]);
    const double b = static_cast<double>(composed_spikes.grad().data()[e]);
    norm += b * b;
    distance += (a - b) * (a - b);
  }
  CHECK(norm > 0.0);
  CHECK(std::sqrt(distance / norm) < 1e-5);
}

}  // namespace

TEST_CASE("the penalty of counts worked out by hand") {
  // Sample 0: counts 3, 0: mean 1.5, one silent. Sample 1: counts 0, 0: mean 0, both silent.
  const SpikeTensor spikes =
      SpikeTensor::from_events(2, 3, 2, std::vector<Event>{{0, 0, 0}, {0, 1, 0}, {0, 2, 0}});
  const ActivityRegularizer regularizer(
      {.lambda_upper = 2.0f, .lambda_lower = 10.0f, .upper = 1.0f, .lower = 0.5f});
  const double first = 2.0 * 0.5 + 10.0 * 0.25 / 2;
  const double second = 10.0 * 0.25;
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    const Variable loss = regularizer(spikes.to(device));
    CHECK(loss.value().device() == device);
    CHECK(loss.item() == doctest::Approx((first + second) / 2).epsilon(1e-6));
  }
}

TEST_CASE("the paper's settings are the defaults, and a silent layer costs lambda_lower lower^2") {
  const ActivityRegularizer regularizer;
  CHECK(regularizer.options().lambda_upper == 0.06f);
  CHECK(regularizer.options().lambda_lower == 100.0f);
  for (const Device device : available_devices())
    for (const std::int64_t steps : {0, 4}) {
      CAPTURE(to_string(device));
      const SpikeTensor silent = SpikeTensor::from_events(3, steps, 5, {});
      CHECK(regularizer(silent.to(device)).item() == doctest::Approx(100.0 * 1e-6).epsilon(1e-5));
    }
}

TEST_CASE("the fused penalty and its gradient equal the composed ones") {
  check_against_composed(testing::random_layer(5, 30, 37, 0.04f, 0.1f), {});
  check_against_composed(testing::random_layer(35, 10, 20, 0.2f, 0.1f), {.power = 2.0f});
  check_against_composed(testing::random_layer(3, 20, 65, 0.05f, 0.1f),
                         {.lambda_upper = 0.0f, .lower = 2.5f});
  check_against_composed(testing::random_layer(1, 8, 1, 0.9f, 1.0f), {.power = 1.5f});
}

TEST_CASE("the penalty and its gradient are the same on every device") {
  struct Case {
    std::int32_t batch, steps, neurons;
    float rate, active_rate;
    ActivityRegularizerOptions options;
  };
  for (const Case& c : {Case{1, 8, 1, 0.9f, 1.0f, {}},
                        Case{31, 3, 15, 0.2f, 0.3f, {.lower = 1.5f}},
                        Case{33, 4, 16, 0.1f, 0.1f, {.upper = 0.1f, .power = 2.0f}},
                        Case{65, 3, 17, 0.0f, 0.2f, {}},
                        Case{2, 20, 300, 0.1f, 0.1f, {.lower = 2.5f, .power = 1.5f}},
                        Case{3, 5, 33, 0.5f, 0.0f, {}}}) {
    CAPTURE(c.neurons);
    const SpikeTensor value =
        testing::random_layer(c.batch, c.steps, c.neurons, c.rate, c.active_rate);
    const auto run = [&](Device device) {
      const SpikeVariable spikes(value.to(device), true);
      Tape tape;
      const Variable loss = ActivityRegularizer(c.options)(spikes);
      tape.backward(test::loss_with_gradient(loss, Tensor::scalar(3.0f)));
      return std::pair(loss.item(), spikes.grad().to(kCpu));
    };
    const auto [loss, grad] = run(kCpu);
    for (const Device device : available_devices()) {
      CAPTURE(to_string(device));
      const auto [device_loss, device_grad] = run(device);
      CHECK(device_loss == doctest::Approx(loss).epsilon(1e-6));
      REQUIRE(device_grad.size() == grad.size());
      for (std::size_t e = 0; e < grad.values().size(); ++e)
        CHECK(device_grad.values()[e] == doctest::Approx(grad.values()[e]).epsilon(1e-6));
    }
  }
}

TEST_CASE("the penalty is the same bits for any number of threads") {
  const int before = thread_count();
  const SpikeVariable spikes(testing::random_layer(50, 20, 33, 0.1f, 0.1f), true);
  set_thread_count(1);
  const float one = ActivityRegularizer()(spikes).item();
  set_thread_count(3);
  const float three = ActivityRegularizer()(spikes).item();
  set_thread_count(before);
  CHECK(one == three);
}

TEST_CASE("without a tape, or for data, nothing is recorded") {
  const SpikeVariable spikes(testing::random_layer(2, 5, 4, 0.3f, 0.3f), true);
  CHECK_FALSE(ActivityRegularizer()(spikes).wants_grad());
  const Tape tape;
  CHECK_FALSE(ActivityRegularizer()(testing::random_spikes(2, 5, 4, 0.3f)).wants_grad());
  CHECK(tape.size() == 0);
}

TEST_CASE("bad options and empty spikes are refused") {
  CHECK_THROWS_WITH_AS(ActivityRegularizer({.lambda_upper = -1.0f}),
                       doctest::Contains("lambda_upper must be finite and at least 0"),
                       Error);
  CHECK_THROWS_AS(ActivityRegularizer({.power = 0.5f}), Error);
  CHECK_THROWS_AS(ActivityRegularizer({.lower = std::numeric_limits<float>::quiet_NaN()}), Error);
  for (const Device device : available_devices())
    for (const SpikeTensor& spikes :
         {SpikeTensor::from_events(0, 3, 2, {}), SpikeTensor::from_events(2, 3, 0, {})})
      CHECK_THROWS_AS(ActivityRegularizer()(spikes.to(device)), ShapeError);
}

}  // namespace spiketape
