// The sweeps of a card give what the CPU's give, on random layers around the sizes where warps and
// blocks end. Membranes are summed in the same order in double, so spikes and active sets must be
// the same to the last one. Gradients are float sums in another order: norm-wise 1e-5 of the CPU's.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "autograd/current_view.hpp"
#include "autograd/dispatch.hpp"
#include "core/error.hpp"
#include "core/random.hpp"
#include "core/sweep.hpp"
#include "tests/cuda/compare.hpp"

using namespace spiketape;

namespace {

constexpr double kTolerance = 1e-5;
/// A current that was summed in float is off by 1e-7, and the slope magnifies that 200 times.
constexpr double kPathTolerance = 1e-4;

/// What a layer is made of; everything is drawn from `seed`.
struct Layer {
  std::int64_t batch = 3;
  std::int64_t steps = 17;
  std::int64_t inputs = 40;
  std::int64_t neurons = 33;
  double density = 0.05;
  double source_active = 0.1;      ///< of the source's places
  std::int64_t busy_steps = 1000;  ///< from which on no input fires
  std::int64_t silent_sample = -1;
  double gain = 1.0;
  int terms = 1;
  bool recurrent = false;
  bool bias = false;
  float amplitude = 1.0f;
  SynapsePath path = SynapsePath::automatic;
  NeuronModel model = lif_model(0.9, 1.0, false);
};

Tensor random_tensor(const Shape& shape, double scale, std::uint64_t stream) {
  Tensor tensor(shape);
  Random random(7, stream);
  for (float& value : tensor.values()) value = static_cast<float>(scale) * random.normal();
  return tensor;
}

/// Spikes with an active set, as a layer before would give them.
SpikeTensor random_spikes(const Layer& layer, std::uint64_t stream) {
  Random random(11, stream);
  std::vector<Event> events;
  for (std::int32_t sample = 0; sample < layer.batch; ++sample)
    for (std::int32_t step = 0; step < layer.steps; ++step)
      for (std::int32_t unit = 0; unit < layer.inputs; ++unit)
        for (int i = 0; i < 2 && random.uniform() < layer.density; ++i)
          if (step < layer.busy_steps && sample != layer.silent_sample)
            events.push_back({sample, step, unit});
  std::vector<Event> active;
  for (std::int32_t sample = 0; sample < layer.batch; ++sample)
    for (std::int32_t step = 0; step < layer.steps; ++step)
      for (std::int32_t unit = 0; unit < layer.inputs; ++unit)
        if (random.uniform() < layer.source_active) active.push_back({sample, step, unit});
  const SpikeTensor fired =
      SpikeTensor::from_events(layer.batch, layer.steps, layer.inputs, events);
  const SpikeTensor near = SpikeTensor::from_events(layer.batch, layer.steps, layer.inputs, active);
  auto slopes = std::make_shared<Buffer<float>>(Buffer<float>::zeros(active.size()));
  return {layer.batch, layer.steps, layer.inputs, fired.events(), near.events(), slopes};
}

struct Outcome {
  SpikeTensor spikes;
  std::vector<std::pair<std::string, Tensor>> grads;
};

/// The variables of a layer on a device.
struct Made {
  Current current;
  std::vector<std::pair<std::string, Variable>> parameters;
  std::vector<SpikeVariable> sources;
};

Made make(const Layer& layer, Device device) {
  Made made;
  const auto add = [&](const Current& part) {
    made.current = made.parameters.size() == 1 ? part : made.current + part;
  };
  const auto parameter = [&](const std::string& name, const Shape& shape, double scale) {
    const Tensor value = random_tensor(shape, scale, made.parameters.size());
    made.parameters.emplace_back(name, Variable(value.to(device), true));
    return made.parameters.back().second;
  };
  for (int t = 0; t < layer.terms; ++t) {
    made.sources.emplace_back(
        random_spikes(layer, static_cast<std::uint64_t>(t)).to(device), true, layer.amplitude);
    const double events = std::max(1.0, layer.density * static_cast<double>(layer.inputs));
    const Variable weight = parameter("weight" + std::to_string(t),
                                      {layer.inputs, layer.neurons},
                                      layer.gain / std::sqrt(events));
    add(Current::from_synapse("layer",
                              made.sources.back(),
                              weight,
                              linear_synapse(layer.inputs, layer.neurons, layer.path)));
  }
  if (layer.recurrent)
    add(Current::from_recurrence("layer",
                                 parameter("recurrent",
                                           {layer.neurons, layer.neurons},
                                           0.5 / std::sqrt(static_cast<double>(layer.neurons)))));
  if (layer.bias) add(Current::from_bias("layer", parameter("bias", {layer.neurons}, 0.05)));
  return made;
}

Outcome run(const Layer& layer, Device device) {
  Made made = make(layer, device);
  const CurrentView current = view(made.current);
  Outcome outcome{dispatch<cpu::forward_sweep, cuda::forward_sweep>(
                      device, ForwardSweepArguments{current, layer.model, true}),
                  {}};
  const Tensor grad = random_tensor({outcome.spikes.active_count()}, 1.0, 99).to(device);
  dispatch<cpu::backward_sweep, cuda::backward_sweep>(
      device,
      BackwardSweepArguments{current,
                             layer.model,
                             outcome.spikes,
                             {grad.data(), static_cast<std::size_t>(grad.size())},
                             wanted_gradients(made.current)});
  for (const auto& [name, variable] : made.parameters)
    outcome.grads.emplace_back(name, variable.grad().to(kCpu));
  for (const SpikeVariable& source : made.sources)
    outcome.grads.emplace_back("source", source.grad().to(kCpu));
  outcome.spikes = outcome.spikes.to(kCpu);
  return outcome;
}

double norm_error(const Tensor& got, const Tensor& expected) {
  double error = 0.0;
  double norm = 0.0;
  for (std::size_t i = 0; i < expected.values().size(); ++i) {
    const auto e = static_cast<double>(expected.values()[i]);
    error += std::pow(static_cast<double>(got.values()[i]) - e, 2);
    norm += e * e;
  }
  return std::sqrt(error) / std::max(std::sqrt(norm), 1e-6);
}

template <typename T>
bool same(std::span<const T> a, std::span<const T> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

/// Runs a layer on the CPU and on every card.
void compare(const Layer& layer) {
  CAPTURE(layer.neurons);
  CAPTURE(layer.batch);
  CAPTURE(layer.steps);
  CAPTURE(layer.inputs);
  CAPTURE(layer.model.states);
  const Outcome expected = run(layer, kCpu);
  for (const Device device : available_devices()) {
    if (device == kCpu) continue;
    const Outcome got = run(layer, device);
    CHECK(same(got.spikes.event_offsets(), expected.spikes.event_offsets()));
    CHECK(same(got.spikes.event_units(),
               expected.spikes.event_units().first(
                   static_cast<std::size_t>(expected.spikes.event_count()))));
    CHECK(same(got.spikes.active_offsets(), expected.spikes.active_offsets()));
    CHECK(same(got.spikes.active_units(),
               expected.spikes.active_units().first(
                   static_cast<std::size_t>(expected.spikes.active_count()))));
    REQUIRE(got.spikes.active_count() == expected.spikes.active_count());
    for (std::size_t e = 0; e < got.spikes.slopes().size(); ++e)
      REQUIRE(got.spikes.slopes()[e] == doctest::Approx(expected.spikes.slopes()[e]).epsilon(1e-6));
    REQUIRE(got.grads.size() == expected.grads.size());
    for (std::size_t i = 0; i < got.grads.size(); ++i) {
      CAPTURE(expected.grads[i].first);
      CHECK(norm_error(got.grads[i].second, expected.grads[i].second) < kTolerance);
    }
  }
}

/// Runs a layer by its path on every card, against the CPU's events.
void compare_paths(const Layer& layer) {
  Layer by_events = layer;
  by_events.path = SynapsePath::event;
  const Outcome expected = run(by_events, kCpu);
  for (const Device device : available_devices()) {
    if (device == kCpu) continue;
    const Outcome got = run(layer, device);
    // No membrane of these layers is so near the threshold that a float sum moves it across.
    CHECK(same(got.spikes.event_offsets(), expected.spikes.event_offsets()));
    REQUIRE(got.spikes.active_count() == expected.spikes.active_count());
    for (std::size_t i = 0; i < got.grads.size(); ++i) {
      CAPTURE(expected.grads[i].first);
      CHECK(norm_error(got.grads[i].second, expected.grads[i].second) < kPathTolerance);
    }
  }
}

/// Two states that turn: damped resonate-and-fire, a full A.
NeuronModel resonator() {
  NeuronModel model;
  model.states = 2;
  model.a[0][0] = {0.85};
  model.a[0][1] = {-0.3};
  model.a[1][0] = {0.3};
  model.a[1][1] = {0.85};
  model.b[0] = {1.0};
  model.b[1] = {0.2};
  model.r[1] = {-1.0};
  model.c[0] = {0.3};
  model.c[1] = {1.0};
  model.gradient_through_jump = {false, true, false};
  return model;
}

NeuronModel three_states() {
  NeuronModel model;
  model.states = 3;
  for (std::size_t q = 0; q < 3; ++q) model.a[q][q] = {0.9 - 0.1 * static_cast<double>(q)};
  model.a[1][0] = {0.2};
  model.a[2][1] = {0.1};
  model.b[0] = {1.0};
  model.b[2] = {0.3};
  model.r[0] = {-1.0};
  model.r[2] = {0.4};
  model.c[0] = {1.0};
  model.c[1] = {0.5};
  model.c[2] = {-0.3};
  model.gradient_through_jump = {true, false, true};
  return model;
}

}  // namespace

TEST_CASE("sweeps agree at sizes around a warp and a block") {
  for (const std::int64_t neurons : {1, 31, 32, 33, 64, 127, 128, 129, 257})
    compare({.neurons = neurons});
  compare({.batch = 2, .steps = 5, .neurons = 1100});
}

TEST_CASE("sweeps agree for one sample and for one and two steps") {
  for (const std::int64_t steps : {1, 2, 33})
    for (const std::int64_t batch : {1, 2}) compare({.batch = batch, .steps = steps});
}

TEST_CASE("sweeps agree for every number of states, with gradient through jumps") {
  compare({.model = lif_model(0.9, 1.0, true)});
  compare({.model = cuba_lif_model(0.7, 0.9, 1.0, false)});
  compare({.model = adaptive_lif_model(0.9, 0.98, 0.3, 1.0, true)});
  compare({.model = resonator()});
  compare({.model = three_states()});
}

TEST_CASE("sweeps agree for coefficients of each neuron") {
  NeuronModel model = lif_model(0.9, 1.0, false);
  for (int j = 0; j < 33; ++j) {
    if (j == 0) model.a[0][0].clear();
    model.a[0][0].push_back(0.8 + 0.005 * j);
  }
  compare({.model = model});
  model.gradient_through_jump[0] = true;
  compare({.recurrent = true, .model = model});
}

TEST_CASE("sweeps agree for every surrogate") {
  for (const char* name : {"fast_sigmoid", "triangle", "boxcar", "arctan", "exponential"}) {
    Layer layer;
    layer.model.surrogate = make_surrogate(name);
    compare(layer);
  }
}

TEST_CASE("sweeps agree with recurrence, also where a thread has several neurons") {
  for (const std::int64_t neurons : {1, 32, 70, 200})
    compare({.neurons = neurons, .recurrent = true, .bias = true});
  compare({.batch = 1, .steps = 4, .neurons = 1100, .recurrent = true});
}

TEST_CASE("sweeps agree for several terms, a bias and an amplitude") {
  compare({.terms = 3, .bias = true, .amplitude = 1.0f / (1.0f - 0.3f)});
  compare({.terms = 2, .recurrent = true, .amplitude = 0.5f, .model = three_states()});
}

TEST_CASE("sweeps agree for silent, saturated and dense layers") {
  compare({.density = 0.0});
  compare({.gain = 1e-3});
  compare({.density = 0.6, .gain = 20.0});
  Layer dense;
  dense.model.window = std::numeric_limits<double>::infinity();
  compare(dense);
  dense.neurons = 65;
  dense.recurrent = true;
  compare(dense);
}

TEST_CASE("an active set that outgrows its lists is recorded again, whole") {
  Layer busy{.batch = 2, .steps = 40, .neurons = 64};
  busy.model.window = 50.0;  // nearly everyone, but not by the rule for everyone
  busy.model.threshold = 40.0;
  compare(busy);
  compare(busy);
}

TEST_CASE("sweeps agree for rows of fewer and of more entries than a warp has lanes") {
  for (const double active : {0.002, 0.02, 0.1, 0.2, 1.0})
    compare({.batch = 2,
             .steps = 35,
             .inputs = 320,
             .neurons = 40,
             .density = active / 2,
             .source_active = active,
             .terms = 2});
  Layer busy{.batch = 2, .steps = 35, .neurons = 200};  // 32 to 199 active neurons a row
  busy.model.window = 1.05;
  compare(busy);
}

TEST_CASE("sweeps agree where a sample's activity ends early or never begins") {
  for (const std::int64_t busy_steps : {0, 1, 2, 31, 32, 33, 40}) {
    Layer layer{.steps = 70, .neurons = 70, .busy_steps = busy_steps, .silent_sample = 1};
    layer.bias = true;
    compare(layer);
    layer.recurrent = true;
    compare(layer);
    layer.path = SynapsePath::cusparse;
    compare_paths(layer);
    set_deterministic(true);
    layer.path = SynapsePath::event;
    compare(layer);
    set_deterministic(false);
  }
}

TEST_CASE("sweeps agree by every path, within what float sums of currents allow") {
  for (const SynapsePath path : {SynapsePath::event, SynapsePath::cusparse, SynapsePath::cublas}) {
    Layer layer{.batch = 5, .steps = 12, .neurons = 70, .terms = 2, .bias = true, .path = path};
    CAPTURE(to_string(path));
    compare_paths(layer);
    layer.recurrent = true;
    compare_paths(layer);
  }
}

TEST_CASE("deterministic sweeps agree and repeat their bits") {
  const testing::Deterministic on;
  const Layer layer{
      .batch = 5, .steps = 12, .neurons = 70, .terms = 2, .recurrent = true, .bias = true};
  compare(layer);
  compare({.batch = 40, .steps = 300, .inputs = 5, .density = 0.2, .bias = true});
  for (const Device device : available_devices()) {
    const Outcome first = run(layer, device);
    const Outcome second = run(layer, device);
    for (std::size_t i = 0; i < first.grads.size(); ++i)
      CHECK(same(std::as_const(first.grads[i].second).values(),
                 std::as_const(second.grads[i].second).values()));
  }
  compare_paths({.batch = 5, .steps = 12, .neurons = 70, .path = SynapsePath::cusparse});
}

TEST_CASE("a membrane that is not finite is the same error on every device") {
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    Made made = make({.batch = 2}, device);
    Tensor weight = made.parameters[0].second.value().to(kCpu).clone();
    for (float& value : weight.values()) value = std::numeric_limits<float>::quiet_NaN();
    made.parameters[0].second.value().copy_from(weight);
    const CurrentView current = view(made.current);
    const NeuronModel model = lif_model(0.9, 1.0, false);
    std::string message;
    try {
      dispatch<cpu::forward_sweep, cuda::forward_sweep>(
          device, ForwardSweepArguments{current, model, true});
    } catch (const NumericError& error) {
      message = error.what();
    }
    CHECK_MESSAGE(message.starts_with("layer: the membrane of sample 0, step "), message);
  }
}
