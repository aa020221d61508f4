#pragma once

// A small network of everything that a recorded step has to cope with, and what trains it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <spiketape.hpp>

#include "tests/cuda/compare.hpp"
#include "tests/layers/support.hpp"

namespace spiketape::testing {

inline constexpr std::int32_t kSteps = 13;
inline constexpr std::int32_t kInputs = 40;
inline constexpr std::int32_t kClasses = 4;
/// Adam's epsilon is above rounding, as in test_training.cpp.
inline constexpr double kTolerance = 1e-4;

struct Net : Module {
  Linear fc1, fc2;
  Recurrent back{*this, "back", 33};
  Linear out;
  Dropout drop{*this, "drop", {.probability = 0.3f}};
  Lif lif{{.window = 0.4f}};
  AdaptiveLif adaptive{{.window = 0.4f, .reset_gradient = true}};
  Readout readout{{.score = Score::max}};
  ActivityRegularizer penalty{{.lambda_lower = 1.0f, .upper = 0.5f, .lower = 1.0f, .power = 2.0f}};

  explicit Net(Device device, SynapsePath path = SynapsePath::event)
      : fc1(*this, "fc1", kInputs, 35, {.bias = true, .path = path}),
        fc2(*this, "fc2", 35, 33, {.path = path}),
        out(*this, "out", 33, kClasses, {.path = path}) {
    initialize(5);
    set_training(false);
    calibrate(*this, batch(0).spikes, 5.0);
    set_training(true);
    to(device);
  }

  Variable forward(const SpikeVariable& x, Variable* regularizer = nullptr) {
    const SpikeVariable s1 = lif(fc1(drop(x)));
    const SpikeVariable s2 = adaptive(back(fc2(drop(s1))));  // one dropout, called twice a step
    if (regularizer != nullptr) *regularizer = penalty(s1) + penalty(s2);
    return readout(out(s2));
  }

  static Batch batch(std::uint64_t number, float density = 0.1f, std::int32_t size = 5) {
    std::vector<std::int32_t> labels;
    for (std::int32_t i = 0; i < size; ++i)
      labels.push_back(static_cast<std::int32_t>((number + static_cast<std::uint64_t>(i * i)) % 4));
    return {random_spikes(size, kSteps, kInputs, density, number), labels};
  }
};

inline std::vector<Variable> learn(Net& net,
                                   const SpikeVariable& spikes,
                                   std::span<const std::int32_t> labels) {
  Tape tape;
  Variable regularizer;
  const Variable scores = net.forward(spikes, &regularizer);
  const Variable loss = cross_entropy(scores, labels) + regularizer;
  tape.backward(loss);
  return {loss, scores};
}

/// Where a step is updated.
enum class Update { after_step, within_step };

/// A network, its optimiser and its step.
struct Trained {
  Device device;
  Update place;
  Net net;
  Adam adam;
  StepGraph step;

  Trained(Device where,
          bool replays,
          SynapsePath path = SynapsePath::event,
          Update update = Update::after_step)
      : device(where),
        place(update),
        net(where, path),
        adam(net.parameters(), {.learning_rate = 5e-3f, .epsilon = 1e-4f}),
        step(
            [this](const SpikeVariable& spikes, std::span<const std::int32_t> labels) {
              std::vector<Variable> values = learn(net, spikes, labels);
              if (place == Update::within_step) adam.step();
              return values;
            },
            replays) {}

  std::vector<Tensor> run(const Batch& batch) {
    return step(batch.spikes.to(device), batch.labels);
  }
  float train(const Batch& batch) {
    const float loss = run(batch)[0].item();
    if (place == Update::after_step) adam.step();
    return loss;
  }
};

inline void check_same(Trained& got, Trained& expected) {
  const auto parameters = expected.net.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    CAPTURE(parameters[i].name);
    CHECK(norm_error(got.net.parameters()[i].variable.value().to(kCpu),
                     parameters[i].variable.value().to(kCpu)) < kTolerance);
  }
  CHECK(got.net.drop.calls() == expected.net.drop.calls());
  const auto monitors = expected.net.lif.monitors();
  REQUIRE(got.net.lif.monitors().size() == monitors.size());
  for (std::size_t i = 0; i < monitors.size(); ++i) {
    CHECK(got.net.lif.monitors()[i].monitor->spikes == monitors[i].monitor->spikes);
    CHECK(got.net.lif.monitors()[i].monitor->active == monitors[i].monitor->active);
    CHECK(got.net.lif.monitors()[i].monitor->macs == monitors[i].monitor->macs);
  }
}

inline std::vector<Device> cards() {
  std::vector<Device> all = available_devices();
  std::erase(all, kCpu);
  return all;
}

/// Every value of the network and of its optimiser, on the CPU.
inline std::vector<Tensor> everything(Trained& trained) {
  std::vector<Tensor> all;
  for (const NamedVariable& parameter : trained.net.parameters())
    all.push_back(parameter.variable.value().to(kCpu));
  for (const NamedTensor& each : trained.adam.state()) {
    all.emplace_back(each.tensor.shape());
    all.back().copy_from(each.tensor);
  }
  return all;
}

template <typename Thrown>
std::string message_of(Trained& trained, const Batch& batch) {
  try {
    trained.run(batch);
  } catch (const Thrown& error) {
    return error.what();
  }
  return "nothing thrown";
}

}  // namespace spiketape::testing
