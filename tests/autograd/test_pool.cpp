#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "tests/autograd/dual_reference.hpp"
#include "tests/autograd/given_gradient.hpp"

using namespace spiketape;
using namespace spiketape::test;

TEST_CASE("units that pool into one add up, also in one step") {
  const std::vector<Event> events = {{0, 0, 0}, {0, 0, 1}, {0, 0, 3}, {1, 1, 2}};
  const std::vector<UnitId> map = {1, 1, 0, 2};
  const std::vector<float> expected = {0, 2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0};
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    const SpikeVariable pooled = pool(SpikeTensor::from_events(2, 2, 4, events).to(device), map, 3);
    CHECK(pooled.value().shape() == Shape{2, 2, 3});
    CHECK(pooled.value().device() == device);
    const Tensor dense = pooled.value().to_dense();
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(dense.values()[i] == expected[i]);
    CHECK_NOTHROW(pooled.value().validate());
  }
}

TEST_CASE("an active entry gets the gradient of the unit that it pools into") {
  Random random(2);
  // 300 neurons at these rates: rows and the whole set are longer than a warp and a block.
  const SpikeTensor spikes = random_spikes(2, 5, 300, 0.3, random, true);
  std::vector<UnitId> map(300);
  for (std::size_t i = 0; i < map.size(); ++i) map[i] = static_cast<UnitId>(i * 7 % 41);
  const auto offsets = spikes.active_offsets();
  const auto units = spikes.active_units();
  const Tensor upstream = random_weight({spikes.active_count()}, 1.0f, random);
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    const SpikeVariable source(spikes.to(device), true, 1.5f);
    Tape tape;
    const SpikeVariable pooled = pool(source, map, 41);
    CHECK(pooled.amplitude() == 1.5f);
    const SpikeTensor value = pooled.value().to(kCpu);
    CHECK(std::ranges::equal(value.active_offsets(), offsets));
    CHECK(std::ranges::equal(
        value.active_units(), units, {}, {}, [&](UnitId unit) { return map[unit]; }));
    source.grad().fill(1.0f);  // backward adds to what is there
    tape.backward(loss_with_gradient(pooled, upstream));
    const Tensor grad = source.grad().to(kCpu);
    CHECK(std::ranges::equal(
        grad.values(), upstream.values(), {}, {}, [](float x) { return 1.0f + x; }));
  }
}

TEST_CASE("no spikes pool into none") {
  const std::vector<UnitId> map = {0, 1, 0, 1};
  for (const Device device : available_devices())
    for (const Shape& shape : {Shape{2, 3, 4}, Shape{2, 0, 4}, Shape{0, 3, 4}}) {
      CAPTURE(to_string(device));
      const SpikeVariable source(SpikeTensor::from_events(shape[0], shape[1], 4, {}).to(device));
      const SpikeVariable pooled = pool(source, map, 2);
      CHECK(pooled.value().shape() == Shape{shape[0], shape[1], 2});
      CHECK(pooled.value().event_count() == 0);
      CHECK(pooled.value().device() == device);
    }
}

TEST_CASE("a layer behind a pool has the gradients of dual numbers") {
  std::vector<UnitId> map(20);
  for (std::size_t i = 0; i < 20; ++i) map[i] = static_cast<UnitId>((i * 7) % 6);
  NeuronModel model = lif_model(0.9, 1.0, false);
  model.window = 0.5;
  model.surrogate = ArcTan{2.0f};
  for (const SynapsePath path : {SynapsePath::event, SynapsePath::gemm}) {
    CAPTURE(to_string(path));
    for (std::uint64_t seed = 0;; ++seed) {
      Random random(seed);
      Tape tape;
      const SpikeVariable pooled =
          pool(SpikeVariable(random_spikes(2, 9, 20, 0.2, random, true), true), map, 6);
      const Variable weight(random_weight({6, 17}, 2.0f, random), true);
      const Current current =
          Current::from_synapse("fc", pooled, weight, linear_synapse(6, 17, path));
      const SweepCheckResult result = check_sweep_gradient(current, model);
      if (result.margin < 1e-4) continue;
      INFO(result.message);
      CHECK(result.passed);
      break;
    }
  }
}

TEST_CASE("a map that does not fit is refused") {
  const std::vector<UnitId> short_map = {0, 1, 0};
  const std::vector<UnitId> wild_map = {0, 1, 2, 0};
  for (const Device device : available_devices()) {
    const SpikeVariable source = SpikeTensor::from_events(1, 2, 4, {}).to(device);
    CHECK_THROWS_AS(pool(source, short_map, 2), ShapeError);
    CHECK_THROWS_WITH_AS(pool(source, wild_map, 2), doctest::Contains("2"), ShapeError);
  }
}
