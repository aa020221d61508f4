#include <doctest/doctest.h>

#include <vector>

#include "autograd/ops.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "tests/autograd/dual_reference.hpp"

using namespace spiketape;
using namespace spiketape::test;

TEST_CASE("units that pool into one add up, also in one step") {
  const std::vector<Event> events = {{0, 0, 0}, {0, 0, 1}, {0, 0, 3}, {1, 1, 2}};
  const std::vector<UnitId> map = {1, 1, 0, 2};
  const SpikeVariable pooled = pool(SpikeTensor::from_events(2, 2, 4, events), map, 3);
  CHECK(pooled.value().shape() == Shape{2, 2, 3});
  const std::vector<float> expected = {0, 2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0};
  const Tensor dense = pooled.value().to_dense();
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(dense.values()[i] == expected[i]);
  CHECK_NOTHROW(pooled.value().validate());
}

TEST_CASE("an active entry gets the gradient of the unit that it pools into") {
  Random random(2);
  const SpikeVariable source(random_spikes(2, 5, 12, 0.3, random, true), true, 1.5f);
  std::vector<UnitId> map(12);
  for (std::size_t i = 0; i < 12; ++i) map[i] = static_cast<UnitId>(i / 4);
  const Variable upstream(random_weight({2, 3}, 1.0f, random));
  Tape tape;
  const SpikeVariable pooled = pool(source, map, 3);
  CHECK(pooled.amplitude() == 1.5f);
  tape.backward(sum(spike_count(pooled) * upstream));
  const auto offsets = source.value().active_offsets();
  for (std::size_t row = 0; row < 10; ++row)
    for (auto e = offsets[row]; e < offsets[row + 1]; ++e) {
      const std::size_t unit = map[source.value().active_units()[e]];
      CHECK(source.grad().values()[e] == 1.5f * upstream.value().values()[row / 5 * 3 + unit]);
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
  const SpikeVariable source = SpikeTensor::from_events(1, 2, 4, {});
  const std::vector<UnitId> short_map = {0, 1, 0};
  const std::vector<UnitId> wild_map = {0, 1, 2, 0};
  CHECK_THROWS_AS(pool(source, short_map, 2), ShapeError);
  CHECK_THROWS_WITH_AS(pool(source, wild_map, 2), doctest::Contains("2"), ShapeError);
}
