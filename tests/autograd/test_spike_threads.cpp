#include <doctest/doctest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "autograd/ops.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "tests/autograd/dual_reference.hpp"

using namespace spiketape;
using namespace spiketape::test;

namespace {

/// Everything that a training step of a two-layer network computes, one list after another.
struct Step {
  std::vector<float> numbers;
  std::vector<UnitId> units;

  bool operator==(const Step&) const = default;

  void add(std::span<const float> values) {
    numbers.insert(numbers.end(), values.begin(), values.end());
  }
  void add(std::span<const UnitId> values) {
    units.insert(units.end(), values.begin(), values.end());
  }
};

struct Shapes {
  std::int64_t batch = 37;
  std::int64_t hidden = 50;
  double rate = 0.1;
};

Step run_step(const Shapes& shapes, SynapsePath path, int threads) {
  const ThreadsScope scope(threads);
  Random random(11);
  const SpikeVariable input = random_spikes(shapes.batch, 15, 30, shapes.rate, random);
  std::vector<Variable> weights;
  const auto weight = [&](const Shape& shape, float gain) {
    weights.emplace_back(random_weight(shape, gain, random), true);
    return weights.back();
  };
  const auto project = [&](const char* name, const SpikeVariable& s, std::int64_t outputs) {
    return Current::from_synapse(
        name, s, weight({s.neurons(), outputs}, 5.0f), linear_synapse(s.neurons(), outputs, path));
  };
  NeuronModel model = lif_model(0.9, 1.0, true);
  model.window = 0.8;
  const std::int64_t h = shapes.hidden;
  Tape tape;
  const SpikeVariable first =
      spike(project("fc1", input, h) + Current::from_recurrence("fc1", weight({h, h}, 1.0f)) +
                Current::from_bias("fc1", weight({h}, 0.5f)),
            model);
  const SpikeVariable dropped = dropout(first, 0.2f, 3, 1);
  const SpikeVariable second = spike(project("fc2", dropped, h) + project("skip", input, h), model);
  const Variable scores = readout(project("out", second, 7), 0.9f, Score::max);
  std::vector<std::int32_t> labels(static_cast<std::size_t>(shapes.batch), 3);
  const Variable loss = cross_entropy(scores, labels) + 0.01f * mean(spike_count(first));
  tape.backward(loss);

  Step step;
  for (const SpikeVariable& s : {first, second}) {
    step.add(s.value().event_units());
    step.add(s.value().active_units());
    step.add(s.value().slopes());
    step.add(std::as_const(s.grad()).values());
  }
  for (const Variable& w : weights) step.add(std::as_const(w.grad()).values());
  step.add(scores.value().values());
  return step;
}

}  // namespace

TEST_CASE("a training step has the same bits for 1, 2 and 4 threads, and twice in a row") {
  for (const SynapsePath path : {SynapsePath::event, SynapsePath::gemm, SynapsePath::automatic})
    for (const Shapes& shapes : {Shapes{}, Shapes{.batch = 1}, Shapes{.batch = 3, .hidden = 230}}) {
      CAPTURE(to_string(path));
      CAPTURE(shapes.batch);
      const Step reference = run_step(shapes, path, 1);
      REQUIRE(reference.units.size() > 100);
      CHECK((run_step(shapes, path, 1) == reference));
      CHECK((run_step(shapes, path, 2) == reference));
      CHECK((run_step(shapes, path, 4) == reference));
      CHECK((run_step(shapes, path, 4) == reference));
    }
}

TEST_CASE("the event and the GEMM path give the same spikes and nearly the same gradients") {
  for (const double rate : {0.02, 0.1, 0.4}) {
    CAPTURE(rate);
    const Step event = run_step({.batch = 5, .rate = rate}, SynapsePath::event, 2);
    const Step gemm = run_step({.batch = 5, .rate = rate}, SynapsePath::gemm, 2);
    REQUIRE((event.units == gemm.units));
    double difference = 0.0;
    double norm = 0.0;
    for (std::size_t i = 0; i < event.numbers.size(); ++i) {
      difference += std::pow(static_cast<double>(event.numbers[i] - gemm.numbers[i]), 2.0);
      norm += std::pow(static_cast<double>(event.numbers[i]), 2.0);
    }
    CHECK(std::sqrt(difference) <
          5e-5 * std::sqrt(norm));  // GEMM sums in float32, events in double
  }
}
