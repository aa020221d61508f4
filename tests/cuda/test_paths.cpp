// Which path auto takes on a card: the one that the table of paths names for the way back, and
// events for the currents. A build without CUDA has no paths to choose from, hence the #if.
#include <doctest/doctest.h>

#if SPIKETAPE_CUDA

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/path_table.hpp"
#include "core/random.hpp"
#include "core/sweep.hpp"
#include "cuda/terms.hpp"
#include "tests/cuda/compare.hpp"

using namespace spiketape;

namespace {

constexpr std::int64_t kBatch = 4;
constexpr std::int64_t kSteps = 10;
constexpr std::int64_t kInputs = 60;
constexpr std::int64_t kNeurons = 70;

/// The built-in table comes back at its end.
struct Table {
  explicit Table(PathTable table) { set_path_table(std::move(table)); }
  ~Table() { set_path_table(reckoned_path_table()); }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
};

SpikeTensor random_spikes(double fired, double active) {
  const auto drawn = [](double rate, std::uint64_t stream) {
    Random random(5, stream);
    std::vector<Event> events;
    for (std::int32_t b = 0; b < kBatch; ++b)
      for (std::int32_t t = 0; t < kSteps; ++t)
        for (std::int32_t i = 0; i < kInputs; ++i)
          if (random.uniform() < static_cast<float>(rate)) events.push_back({b, t, i});
    return SpikeTensor::from_events(kBatch, kSteps, kInputs, events);
  };
  const SpikeTensor near = drawn(active, 2);
  auto slopes = std::make_shared<Buffer<float>>(
      Buffer<float>::zeros(static_cast<std::size_t>(near.event_count())));
  return {kBatch, kSteps, kInputs, drawn(fired, 1).events(), near.events(), slopes};
}

Tensor random_tensor(const Shape& shape, float scale, std::uint64_t stream) {
  Tensor tensor(shape);
  Random random(7, stream);
  for (float& value : tensor.values()) value = scale * random.normal();
  return tensor;
}

/// A layer of LIF neurons on a card.
struct Layer {
  SpikeTensor source;
  Tensor weight;
  std::shared_ptr<const Synapse> synapse;
  CurrentView current;
  NeuronModel model = lif_model(0.9, 1.0, false);

  Layer(Device device, SynapsePath path, double fired = 0.1, double active = 0.1)
      : source(random_spikes(fired, active).to(device)),
        weight(random_tensor({kInputs, kNeurons}, 0.4f, 1).to(device)),
        synapse(linear_synapse(kInputs, kNeurons, path)) {
    current.name = "layer";
    current.device = device;
    current.batch = kBatch;
    current.steps = kSteps;
    current.neurons = kNeurons;
    current.terms.push_back({source, weight, *synapse, 1.0f});
  }
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  const CurrentView::Term& term() const { return current.terms.front(); }
};

struct Outcome {
  SpikeTensor spikes;
  Tensor grad_weight;
  Tensor grad_source;
};

Outcome run(const Layer& layer) {
  const Device device = layer.current.device;
  SpikeTensor spikes = cuda::forward_sweep(ForwardSweepArguments{layer.current, layer.model, true});
  const Tensor grad = random_tensor({spikes.active_count()}, 1.0f, 3).to(device);
  Tensor grad_weight({kInputs, kNeurons}, device);
  Tensor grad_source({layer.source.active_count()}, device);
  CurrentGradients gradients;
  gradients.sources = {grad_source.data()};
  gradients.weights = {&grad_weight};
  cuda::backward_sweep({layer.current,
                        layer.model,
                        spikes,
                        {grad.data(), static_cast<std::size_t>(grad.size())},
                        gradients});
  return {spikes.to(kCpu), grad_weight.to(kCpu), grad_source.to(kCpu)};
}

double norm_error(const Tensor& got, const Tensor& expected) {
  double error = 0.0;
  double norm = 0.0;
  for (std::size_t i = 0; i < expected.values().size(); ++i) {
    const auto e = static_cast<double>(expected.values()[i]);
    error += std::pow(static_cast<double>(got.values()[i]) - e, 2);
    norm += e * e;
  }
  REQUIRE(norm > 0.0);
  return std::sqrt(error / norm);
}

const cuda::ChunkVerbs* verbs_of(SynapsePath path) {
  if (path == SynapsePath::cusparse) return &cuda::kCusparse;
  return path == SynapsePath::cublas ? &cuda::kCublas : nullptr;
}

template <typename Body>
void for_each_card(const Body& body) {
  for (const Device device : available_devices()) {
    if (device == kCpu) continue;
    CAPTURE(to_string(device));
    body(device);
  }
}

constexpr SynapsePath kPaths[] = {SynapsePath::event, SynapsePath::cusparse, SynapsePath::cublas};

}  // namespace

TEST_CASE("auto takes the path that the table names for each verb, and all paths agree") {
  for_each_card([](Device device) {
    const Layer by_events(device, SynapsePath::event);
    const Layer layer(device, SynapsePath::automatic);
    const Outcome expected = run(by_events);
    for (const SynapsePath scatter : kPaths)
      for (const SynapsePath sample : kPaths) {
        CAPTURE(to_string(scatter));
        CAPTURE(to_string(sample));
        const Table table({.rows = {{70, 0.1, scatter, sample}}});
        CHECK(cuda::scatter_path(layer.term()) == verbs_of(scatter));
        CHECK(cuda::sample_path(layer.term()) == verbs_of(sample));
        CHECK(cuda::GatherPlan(layer.current).chunked.empty());
        const Outcome got = run(layer);
        CHECK(std::ranges::equal(got.spikes.event_units(), expected.spikes.event_units()));
        CHECK(norm_error(got.grad_weight, expected.grad_weight) < 1e-4);
        CHECK(norm_error(got.grad_source, expected.grad_source) < 1e-4);
      }
  });
}

TEST_CASE("scatter asks the table for the density of spikes, sample for that of active entries") {
  const Table table({.rows = {{70, 0.02, SynapsePath::event, SynapsePath::cusparse},
                              {70, 0.5, SynapsePath::cusparse, SynapsePath::cublas}}});
  for_each_card([](Device device) {
    const Layer few_active(device, SynapsePath::automatic, 0.5, 0.02);
    CHECK(cuda::scatter_path(few_active.term()) == &cuda::kCusparse);
    CHECK(cuda::sample_path(few_active.term()) == &cuda::kCusparse);
    const Layer few_fired(device, SynapsePath::automatic, 0.02, 0.5);
    CHECK(cuda::scatter_path(few_fired.term()) == nullptr);
    CHECK(cuda::sample_path(few_fired.term()) == &cuda::kCublas);
  });
}

TEST_CASE("the table is asked for the width of the layer that is driven, not of the source") {
  const Table table({.rows = {{60, 0.1, SynapsePath::cusparse, SynapsePath::cusparse},
                              {70, 0.1, SynapsePath::cublas, SynapsePath::cublas}}});
  for_each_card([](Device device) {
    const Layer layer(device, SynapsePath::automatic);
    CHECK(cuda::scatter_path(layer.term()) == &cuda::kCublas);
  });
}

TEST_CASE("a path asked for by name does not follow the table, nor do few weights") {
  PathTable rows{.rows = {{70, 0.1, SynapsePath::cublas, SynapsePath::cublas}}};
  for_each_card([&](Device device) {
    const Table table(rows);
    const Layer layer(device, SynapsePath::event);
    CHECK(cuda::scatter_path(layer.term()) == nullptr);
    CHECK(cuda::sample_path(layer.term()) == nullptr);
    const Layer automatic(device, SynapsePath::automatic);
    rows.least_weights = kInputs * kNeurons;
    const Table enough(rows);
    CHECK(cuda::scatter_path(automatic.term()) == &cuda::kCublas);
    rows.least_weights = kInputs * kNeurons + 1;
    const Table too_few(rows);
    CHECK(cuda::scatter_path(automatic.term()) == nullptr);
  });
}

TEST_CASE("in deterministic mode events are sorted sums, also where the table names cuSPARSE") {
  const testing::Deterministic on;
  for_each_card([](Device device) {
    const Layer layer(device, SynapsePath::automatic);
    const Table sparse({.rows = {{70, 0.1, SynapsePath::cusparse, SynapsePath::cusparse}}});
    CHECK(cuda::scatter_path(layer.term()) == &cuda::kDeterministicEvents);
    CHECK(cuda::sample_path(layer.term()) == &cuda::kCusparse);
    const Table events({.rows = {{70, 0.1, SynapsePath::event, SynapsePath::event}}});
    CHECK(cuda::scatter_path(layer.term()) == &cuda::kDeterministicEvents);
    CHECK(cuda::sample_path(layer.term()) == &cuda::kDeterministicEvents);
  });
}

#else

TEST_CASE("a card has paths to choose from only where the build has CUDA") {
  CHECK(true);  // build with -DSPIKETAPE_EMULATE_CUDA=ON, as the preset asan does
}

#endif
