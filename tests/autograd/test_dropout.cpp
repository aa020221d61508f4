#include <doctest/doctest.h>

#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "autograd/ops.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "tests/autograd/dual_reference.hpp"
#include "tests/autograd/given_gradient.hpp"

using namespace spiketape;
using namespace spiketape::test;

namespace {

std::vector<float> list(const Tensor& tensor) {
  const Tensor host = tensor.to(kCpu);
  return {host.values().begin(), host.values().end()};
}

template <typename T>
std::vector<T> list(std::span<const T> values) {
  return {values.begin(), values.end()};
}

/// 40 samples of 20 steps where all of 50 neurons fire at every step.
SpikeTensor busy() {
  Random random(0);
  return random_spikes(40, 20, 50, 1.0, random);
}

struct Dropped {
  SpikeTensor kept;
  std::vector<float> grad;
};

/// `source` on `device` through dropout, and back with the gradient 1, 2, 3... of what was kept.
Dropped drop(const SpikeTensor& source, Device device, float probability, bool whole_units) {
  const SpikeVariable input(source.to(device), true);
  Tape tape;
  const SpikeVariable kept = dropout(input, probability, 7, 3, whole_units);
  REQUIRE(kept.value().device() == device);
  std::vector<float> upstream(static_cast<std::size_t>(kept.value().active_count()));
  std::iota(upstream.begin(), upstream.end(), 1.0f);
  input.grad().fill(0.5f);  // backward adds to what is there
  tape.backward(loss_with_gradient(
      kept, Tensor::from_values({static_cast<std::int64_t>(upstream.size())}, upstream)));
  return {kept.value().to(kCpu), list(input.grad())};
}

}  // namespace

TEST_CASE("dropout with probability 0 changes nothing") {
  Random random(1);
  const SpikeVariable source(random_spikes(2, 5, 9, 0.3, random, true), true);
  const SpikeVariable kept = dropout(source, 0.0f, 1, 1);
  CHECK(kept.amplitude() == 1.0f);
  CHECK(list(kept.value().to_dense()) == list(source.value().to_dense()));
}

TEST_CASE("dropout keeps about the share that it should and scales the survivors up") {
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    const SpikeVariable source(busy().to(device), false, 2.0f);
    for (const float probability : {0.1f, 0.5f, 0.9f}) {
      CAPTURE(probability);
      const SpikeVariable kept = dropout(source, probability, 7, 3);
      const double share = static_cast<double>(kept.value().event_count()) / 40000.0;
      CHECK(share == doctest::Approx(1.0 - static_cast<double>(probability)).epsilon(0.05));
      CHECK(kept.amplitude() == doctest::Approx(2.0f / (1.0f - probability)));
      CHECK_NOTHROW(kept.value().validate());
    }
  }
}

TEST_CASE("whole units are dropped for a whole sample") {
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    const SpikeVariable kept = dropout(SpikeVariable(busy().to(device)), 0.5f, 7, 3, true);
    const Variable counts = spike_count(kept);
    int silent = 0;
    for (const float n : list(counts.value())) {
      CHECK((n == 0.0f || n == 40.0f));  // 20 spikes of amplitude 2
      silent += n == 0.0f ? 1 : 0;
    }
    CHECK(silent > 900);
    CHECK(silent < 1100);
  }
}

TEST_CASE("who is dropped depends on seed and call, not on threads") {
  const SpikeVariable source{busy()};
  const auto kept = [&](std::uint64_t seed, std::uint64_t call, int threads) {
    const ThreadsScope scope(threads);
    return list(dropout(source, 0.5f, seed, call).value().to_dense());
  };
  const std::vector<float> reference = kept(7, 3, 1);
  CHECK(kept(7, 3, 1) == reference);
  CHECK(kept(7, 3, 2) == reference);
  CHECK(kept(7, 3, 4) == reference);
  CHECK(kept(8, 3, 1) != reference);
  CHECK(kept(7, 4, 1) != reference);
}

TEST_CASE("every device keeps the same events and active entries, and gives them their gradients") {
  struct Case {
    std::int64_t batch, steps, neurons;
    double rate;
  };
  for (const Case& c : {Case{1, 1, 1, 1.0},
                        Case{3, 5, 31, 0.3},
                        Case{2, 4, 32, 0.5},
                        Case{2, 4, 33, 0.5},
                        Case{40, 20, 9, 0.05},  // most rows are empty
                        Case{2, 3, 300, 0.5},   // rows longer than a warp
                        Case{2, 3, 40, 0.0}}) {
    CAPTURE(c.neurons);
    Random random(5);
    const SpikeTensor source = random_spikes(c.batch, c.steps, c.neurons, c.rate, random, true);
    for (const bool whole_units : {false, true})
      for (const float probability : {0.3f, 0.999f}) {
        CAPTURE(whole_units);
        CAPTURE(probability);
        const Dropped expected = drop(source, kCpu, probability, whole_units);
        for (const Device device : available_devices()) {
          CAPTURE(to_string(device));
          const Dropped got = drop(source, device, probability, whole_units);
          CHECK(list(got.kept.event_offsets()) == list(expected.kept.event_offsets()));
          CHECK(list(got.kept.event_units()) == list(expected.kept.event_units()));
          CHECK(list(got.kept.active_offsets()) == list(expected.kept.active_offsets()));
          CHECK(list(got.kept.active_units()) == list(expected.kept.active_units()));
          CHECK(got.grad == expected.grad);
        }
      }
  }
}

TEST_CASE("gradient reaches the survivors only, as much as passes without dropout") {
  for (const bool whole_units : {false, true}) {
    CAPTURE(whole_units);
    Random random(4);
    const SpikeVariable source(random_spikes(4, 6, 23, 0.4, random, true), true);
    const Variable weight(random_weight({23, 5}, 1.0f, random), true);
    const auto gradient = [&](float probability) {
      const SpikeVariable input(source.value(), true);
      Tape tape;
      const SpikeVariable kept = dropout(input, probability, 7, 3, whole_units);
      tape.backward(sum(readout(
          Current::from_synapse("out", kept, weight, linear_synapse(23, 5)), 0.9f, Score::sum)));
      return std::pair(list(input.grad()), list(kept.value().to_dense()));
    };
    const auto [full, everyone] = gradient(0.0f);
    const auto [partial, survivors] = gradient(0.5f);
    const auto offsets = source.value().active_offsets();
    int zeros = 0;
    int checked = 0;
    for (std::size_t row = 0; row < 24; ++row)
      for (auto e = offsets[row]; e < offsets[row + 1]; ++e) {
        if (full[e] == 0.0f) continue;
        ++checked;
        const std::size_t place = row * 23 + source.value().active_units()[e];
        const bool dropped = partial[e] == 0.0f;
        zeros += dropped ? 1 : 0;
        if (!dropped) CHECK(partial[e] == doctest::Approx(2.0f * full[e]));
        // An active entry that fired is dropped together with its event.
        if (everyone[place] > 0.0f) CHECK(dropped == (survivors[place] == 0.0f));
      }
    CHECK(checked > 100);
    CHECK(zeros > checked / 3);
    CHECK(zeros < checked * 2 / 3);
  }
}

TEST_CASE("a probability outside [0, 1) is refused") {
  for (const Device device : available_devices()) {
    const SpikeVariable source = SpikeTensor::from_events(1, 2, 4, {}).to(device);
    for (const float probability : {-0.1f, 1.0f, 2.0f, std::numeric_limits<float>::quiet_NaN()}) {
      CAPTURE(probability);
      CHECK_THROWS_AS(dropout(source, probability, 0, 0), Error);
    }
  }
}

TEST_CASE("dropout of nothing is nothing") {
  for (const Device device : available_devices())
    for (const Shape& shape : {Shape{2, 3, 4}, Shape{2, 0, 4}, Shape{0, 3, 4}, Shape{2, 3, 0}}) {
      CAPTURE(to_string(device));
      CAPTURE(to_string(shape));
      const SpikeTensor nothing = SpikeTensor::from_events(shape[0], shape[1], shape[2], {});
      const SpikeVariable kept = dropout(SpikeVariable(nothing.to(device)), 0.5f, 0, 0);
      CHECK(kept.value().event_count() == 0);
      CHECK(kept.value().shape() == shape);
      CHECK(kept.value().device() == device);
    }
}
