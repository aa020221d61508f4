#include "layers/losses.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "tests/layers/support.hpp"

namespace spiketape {
namespace {

/// Counts 2, 0, 1 (sample 0) and 0, 0, 0 (sample 1); neuron 1 of sample 0 is active at step 1.
SpikeVariable counted() {
  const SpikeTensor events =
      SpikeTensor::from_events(2, 3, 3, std::vector<Event>{{0, 0, 0}, {0, 1, 0}, {0, 2, 2}});
  const SpikeTensor active = SpikeTensor::from_events(2, 3, 3, std::vector<Event>{{0, 1, 1}});
  return {SpikeTensor(2,
                      3,
                      3,
                      events.events(),
                      active.events(),
                      std::make_shared<const Buffer<float>>(
                          Buffer<float>::copy_of(std::vector<float>{1.0f}))),
          true};
}

}  // namespace

TEST_CASE(
    "cross entropy of counts is the softmax of the counts, and its gradient reaches active "
    "entries") {
  const std::vector<std::int32_t> labels = {2, 0};
  const double z = std::exp(2.0) + 1.0 + std::exp(1.0);
  const double expected = 0.5 * ((std::log(z) - 1.0) + std::log(3.0));
  const SpikeVariable spikes = counted();
  CHECK(cross_entropy_of_counts(spikes, labels, 0.0f).item() ==
        doctest::Approx(std::log(3.0)).epsilon(1e-6));
  Tape tape;
  const Variable loss = cross_entropy_of_counts(spikes, labels);
  CHECK(loss.item() == doctest::Approx(expected).epsilon(1e-6));
  tape.backward(loss);
  REQUIRE(spikes.grad().size() == 1);
  CHECK(spikes.grad().values()[0] == doctest::Approx(0.5 / z).epsilon(1e-5));
}

TEST_CASE("mean squared error of counts against targets") {
  const Tensor target = Tensor::from_values({2, 3}, std::vector<float>{2, 1, 1, 0, 0, 3});
  const SpikeVariable spikes = counted();
  Tape tape;
  const Variable loss = mean_squared_error_of_counts(spikes, target);
  CHECK(loss.item() == doctest::Approx(10.0 / 6.0).epsilon(1e-6));
  tape.backward(loss);
  CHECK(spikes.grad().values()[0] == doctest::Approx(-2.0 / 6.0).epsilon(1e-5));
}

TEST_CASE("losses refuse labels and targets that do not fit") {
  CHECK_THROWS_AS(cross_entropy_of_counts(counted(), std::vector<std::int32_t>{1}), ShapeError);
  CHECK_THROWS_AS(cross_entropy_of_counts(counted(), std::vector<std::int32_t>{1, 3}), DataError);
  CHECK_THROWS_AS(mean_squared_error_of_counts(counted(), Tensor({3, 3})), ShapeError);
}

}  // namespace spiketape
