// Whole training runs: what a network learns on a card is what it learns on the CPU.
//
// Membranes are summed in double in one order on every device, so equal weights give equal spikes.
// Gradients are float sums in another order, off by about 1e-7, and a run carries that on from step
// to step. Adam divides a gradient by its own size, so one that is nothing but rounding would move
// a weight by a whole learning rate: its epsilon is set well above rounding here. Then losses stay
// within 1e-4 of the CPU's, relative, unless a spike is lost.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <spiketape.hpp>

#include "tests/cuda/compare.hpp"
#include "tests/layers/support.hpp"

using namespace spiketape;
using namespace spiketape::testing;

namespace {

constexpr double kTolerance = 1e-4;
constexpr std::int32_t kBatch = 5;
constexpr std::int32_t kSteps = 15;
constexpr std::int32_t kInputs = 40;

struct Net : Module {
  bool recurrent;
  Linear fc1, fc2, out;
  Recurrent back{*this, "back", 33};
  Dropout drop1{*this, "drop1", {.probability = 0.2f}};
  Dropout drop2{*this, "drop2", {.probability = 0.3f, .whole_units = true}};
  Lif lif{{.window = 0.4f}};
  AdaptiveLif adaptive{{.window = 0.4f, .reset_gradient = true}};
  Readout readout{{.score = Score::max}};
  ActivityRegularizer penalty{{.lambda_lower = 1.0f, .upper = 0.5f, .lower = 1.0f, .power = 2.0f}};

  explicit Net(bool with_recurrence, SynapsePath path = SynapsePath::event)
      : recurrent(with_recurrence),
        fc1(*this, "fc1", kInputs, 35, {.bias = true, .path = path}),
        fc2(*this, "fc2", 35, 33, {.path = path}),
        out(*this, "out", 33, 4, {.bias = true, .path = path}) {}

  Variable forward(const SpikeVariable& x, Variable* regularizer = nullptr) {
    const SpikeVariable s1 = lif(fc1(drop1(x)));
    const Current current = fc2(drop2(s1));
    const SpikeVariable s2 = adaptive(recurrent ? back(current) : current);
    if (regularizer != nullptr) *regularizer = penalty(s1) + penalty(s2);
    return readout(out(s2));
  }
};

Batch batch_of(std::uint64_t number) {
  return {testing::random_spikes(kBatch, kSteps, kInputs, 0.1f, number), {0, 1, 2, 3, 1}};
}

/// Cross entropy and activity penalty, with gradients of all parameters added to theirs.
float loss_with_gradients(Net& net, const Batch& batch) {
  Tape tape;
  Variable regularizer;
  const Variable scores = net.forward(batch.spikes.to(net.device()), &regularizer);
  const Variable loss = cross_entropy(scores, batch.labels) + regularizer;
  tape.backward(loss);
  return loss.item();
}

/// A net that fires, the same on every device: it is made on the CPU.
void prepare(Net& net, Device device) {
  net.initialize(5);
  net.set_training(false);
  calibrate(net, batch_of(0), 5.0);
  net.set_training(true);
  net.to(device);
}

struct Run {
  std::vector<float> losses;
  std::vector<Tensor> parameters;  ///< on the CPU, after the last step
};

Run train(Device device,
          bool recurrent,
          SynapsePath path = SynapsePath::event,
          std::uint64_t steps = 8) {
  Net net(recurrent, path);
  prepare(net, device);
  Adam adam(net.parameters(), {.learning_rate = 5e-3f, .epsilon = 1e-4f});
  Run run;
  for (std::uint64_t step = 0; step < steps; ++step) {
    run.losses.push_back(loss_with_gradients(net, batch_of(step % 3)));
    adam.step();
  }
  for (const NamedVariable& parameter : net.parameters())
    run.parameters.push_back(parameter.variable.value().to(kCpu));
  return run;
}

void for_both_variants(const std::function<void(Device, bool)>& body) {
  for (const bool recurrent : {false, true})
    for (const Device device : available_devices()) {
      CAPTURE(recurrent);
      CAPTURE(to_string(device));
      body(device, recurrent);
    }
}

}  // namespace

TEST_CASE("a training run's losses and weights are the CPU's, step for step") {
  for (const bool recurrent : {false, true}) {
    const Run expected = train(kCpu, recurrent);
    CHECK(expected.losses.back() < expected.losses.front());
    for (const Device device : available_devices()) {
      CAPTURE(recurrent);
      CAPTURE(to_string(device));
      const Run got = train(device, recurrent);
      for (std::size_t step = 0; step < expected.losses.size(); ++step) {
        CAPTURE(step);
        CHECK(got.losses[step] == doctest::Approx(expected.losses[step]).epsilon(kTolerance));
      }
      for (std::size_t i = 0; i < expected.parameters.size(); ++i)
        CHECK(norm_error(got.parameters[i], expected.parameters[i]) < kTolerance);
    }
  }
}

TEST_CASE("every parameter's gradient of the whole loss is the CPU's") {
  for_both_variants([](Device device, bool recurrent) {
    Net on_cpu(recurrent);
    prepare(on_cpu, kCpu);
    Net there(recurrent);
    prepare(there, device);
    const float expected = loss_with_gradients(on_cpu, batch_of(1));
    CHECK(loss_with_gradients(there, batch_of(1)) == doctest::Approx(expected).epsilon(1e-6));
    const std::vector<NamedVariable> reference = on_cpu.parameters();
    const std::vector<NamedVariable> got = there.parameters();
    REQUIRE(got.size() == 6);
    for (std::size_t i = 0; i < got.size(); ++i) {
      CAPTURE(got[i].name);
      const bool used = recurrent || got[i].name != "back/weight";
      CHECK(got[i].variable.has_grad() == used);
      if (!used) continue;
      CHECK(norm_error(reference[i].variable.grad(), Tensor(reference[i].variable.shape())) > 0.0);
      CHECK(norm_error(got[i].variable.grad().to(kCpu), reference[i].variable.grad()) < 1e-5);
    }
  });
}

TEST_CASE("deterministic training gives the same bits from run to run, by every path") {
  const Deterministic on;
  for_both_variants([](Device device, bool recurrent) {
    for (const SynapsePath path : {SynapsePath::event, SynapsePath::automatic, SynapsePath::gemm}) {
      CAPTURE(to_string(path));
      const Run first = train(device, recurrent, path, 4);
      const Run second = train(device, recurrent, path, 4);
      CHECK(first.losses == second.losses);
      for (std::size_t i = 0; i < first.parameters.size(); ++i)
        CHECK(same_bits(first.parameters[i], second.parameters[i]));
    }
  });
}

TEST_CASE("scores without a tape are the bits of those under one, and nothing is kept") {
  const Deterministic on;
  for_both_variants([](Device device, bool recurrent) {
    Net net(recurrent);
    prepare(net, device);
    net.set_training(false);
    const SpikeTensor spikes = batch_of(2).spikes.to(device);
    const std::size_t before = memory_use(device, MemoryTag::tape).current;
    const Tensor scores = net.forward(spikes).value();
    CHECK(memory_use(device, MemoryTag::tape).current == before);
    const Tape tape;
    const Variable recorded = net.forward(spikes);
    CHECK(tape.size() > 0);
    CHECK(memory_use(device, MemoryTag::tape).current > before);
    CHECK(same_bits(scores, recorded.value()));
    Net reference(recurrent);
    prepare(reference, kCpu);
    reference.set_training(false);
    CHECK(norm_error(scores.to(kCpu), reference.forward(batch_of(2).spikes).value()) < 1e-6);
  });
}
