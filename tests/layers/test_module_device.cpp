// Networks on every device of this build: what a module, its initial weights and a checkpoint do
// is the same wherever the parameters are.
#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/adam.hpp"
#include "core/error.hpp"
#include "layers/bias.hpp"
#include "layers/checkpoint.hpp"
#include "layers/linear.hpp"
#include "layers/recurrent.hpp"

namespace spiketape {
namespace {

struct Block : Module {
  Block(Module& parent, std::string name) : Module(parent, std::move(name)) {}
  Linear fc1{*this, "fc1", 33, 5, {.bias = true}};
  Recurrent back{*this, "back", 5};
};

struct Net : Module {
  Block block{*this, "block"};
  Bias bias{*this, "bias", 5};
  Linear out{*this, "out", 5, 2};
};

bool same_bits(const Tensor& a, const Tensor& b) {
  const Tensor left = a.to(kCpu);
  const Tensor right = b.to(kCpu);
  return left.shape() == right.shape() && std::ranges::equal(left.values(), right.values());
}

bool same_parameters(const Module& a, const Module& b) {
  const auto left = a.parameters();
  const auto right = b.parameters();
  return std::ranges::equal(left, right, [](const NamedVariable& x, const NamedVariable& y) {
    return same_bits(x.variable.value(), y.variable.value());
  });
}

/// One step of the optimiser with a gradient of ones.
void step(const Module& net, Optimizer& optimizer) {
  for (const NamedVariable& parameter : net.parameters()) parameter.variable.grad().fill(1.0f);
  optimizer.step();
}

}  // namespace

TEST_CASE("a network moves to a device and back with its values, and handles stay valid") {
  const Net still;
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    Net net;
    const Variable handle = net.parameter("block/fc1/weight");
    net.to(device);
    CHECK(net.device() == device);
    for (const NamedVariable& parameter : net.parameters())
      CHECK(parameter.variable.value().device() == device);
    CHECK(handle.same_as(net.block.fc1.weight()));
    CHECK(handle.value().device() == device);
    CHECK(same_parameters(net, still));
    net.to(kCpu);
    CHECK(net.device() == kCpu);
    CHECK(same_parameters(net, still));
  }
}

TEST_CASE("a gradient from before a move is dropped, and the next one is where the values are") {
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    Net net;
    const Variable weight = net.out.weight();
    weight.grad().fill(2.0f);
    net.to(device);
    CHECK_FALSE(weight.has_grad());
    CHECK(weight.grad().device() == device);
    CHECK(same_bits(weight.grad(), Tensor({5, 2})));
  }
}

TEST_CASE("a module without parameters is on the CPU, and a device that is not there is refused") {
  Module none;
  CHECK(none.device() == kCpu);
  Net net;
  CHECK_THROWS_AS(net.to({DeviceKind::cuda, 4096}), BackendError);
  CHECK(net.device() == kCpu);
}

TEST_CASE("initial weights are the same bits on every device") {
  Net on_cpu;
  on_cpu.initialize(7);
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    Net net;
    net.to(device);
    net.initialize(7);
    CHECK(net.device() == device);
    CHECK(same_parameters(net, on_cpu));
  }
}

TEST_CASE("a checkpoint written on one device is restored on any other") {
  for (const Device from : available_devices()) {
    for (const Device to : available_devices()) {
      CAPTURE(to_string(from));
      CAPTURE(to_string(to));
      Net net;
      net.initialize(3);
      net.to(from);
      Adam adam(net.parameters(), {.learning_rate = 0.01f});
      step(net, adam);
      const Checkpoint saved = snapshot(net, &adam);
      for (const NamedTensor& parameter : saved.parameters)
        CHECK(parameter.tensor.device() == kCpu);
      for (const NamedTensor& state : saved.optimizer) CHECK(state.tensor.device() == kCpu);

      Net other;
      other.to(to);
      Adam other_adam(other.parameters(), {.learning_rate = 0.01f});
      restore(saved, other, &other_adam);
      CHECK(other.device() == to);
      CHECK(same_parameters(net, other));
      const Checkpoint again = snapshot(other, &other_adam);
      CHECK(std::ranges::equal(
          saved.optimizer, again.optimizer, [](const NamedTensor& x, const NamedTensor& y) {
            return x.name == y.name && same_bits(x.tensor, y.tensor);
          }));
      step(other, other_adam);  // what it remembers is where its parameters are
      CHECK(other_adam.steps_done() == 2);
    }
  }
}

TEST_CASE("a snapshot does not change with what is trained after it") {
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    Net net;
    net.to(device);
    const Net still;
    const Checkpoint saved = snapshot(net);
    for (const NamedVariable& parameter : net.parameters())
      Variable(parameter.variable).value().fill(9.0f);
    restore(saved, net);
    CHECK(same_parameters(net, still));
  }
}

}  // namespace spiketape
