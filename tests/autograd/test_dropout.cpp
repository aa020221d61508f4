#include <doctest/doctest.h>

#include <limits>
#include <utility>
#include <vector>

#include "autograd/ops.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "tests/autograd/dual_reference.hpp"

using namespace spiketape;
using namespace spiketape::test;

namespace {

std::vector<float> list(const Tensor& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}

/// 40 samples of 20 steps where all of 50 neurons fire at every step.
SpikeTensor busy() {
  Random random(0);
  return random_spikes(40, 20, 50, 1.0, random);
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
  const SpikeVariable source(busy(), false, 2.0f);
  for (const float probability : {0.1f, 0.5f, 0.9f}) {
    CAPTURE(probability);
    const SpikeVariable kept = dropout(source, probability, 7, 3);
    const double share = static_cast<double>(kept.value().event_count()) / 40000.0;
    CHECK(share == doctest::Approx(1.0 - static_cast<double>(probability)).epsilon(0.05));
    CHECK(kept.amplitude() == doctest::Approx(2.0f / (1.0f - probability)));
    CHECK_NOTHROW(kept.value().validate());
  }
}

TEST_CASE("whole units are dropped for a whole sample") {
  const SpikeVariable kept = dropout(SpikeVariable(busy()), 0.5f, 7, 3, true);
  const Variable counts = spike_count(kept);
  int silent = 0;
  for (const float n : counts.value().values()) {
    CHECK((n == 0.0f || n == 40.0f));  // 20 spikes of amplitude 2
    silent += n == 0.0f ? 1 : 0;
  }
  CHECK(silent > 900);
  CHECK(silent < 1100);
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
  const SpikeVariable source = SpikeTensor::from_events(1, 2, 4, {});
  for (const float probability : {-0.1f, 1.0f, 2.0f, std::numeric_limits<float>::quiet_NaN()}) {
    CAPTURE(probability);
    CHECK_THROWS_AS(dropout(source, probability, 0, 0), Error);
  }
}

TEST_CASE("dropout of nothing is nothing") {
  const SpikeVariable kept =
      dropout(SpikeVariable(SpikeTensor::from_events(2, 3, 4, {})), 0.5f, 0, 0);
  CHECK(kept.value().event_count() == 0);
  CHECK(kept.value().shape() == Shape{2, 3, 4});
}
