// An update within a recorded step: replayed with the step's own numbers, and left out when the
// step's results are void.
#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <spiketape.hpp>

#include "tests/cuda/step_graph_support.hpp"

using namespace spiketape;
using namespace spiketape::testing;

namespace {

Trained updated_within(Device device, bool replays = true) {
  return {device, replays, SynapsePath::event, Update::within_step};
}

void write(Device device, Variable parameter, std::int64_t at, float value) {
  Tensor values = parameter.value().to(kCpu);
  values.data()[at] = value;
  copy_bytes(parameter.value().data(), device, values.data(), kCpu, values.values().size_bytes());
}

bool any_gradient(const Net& net) {
  for (const NamedVariable& parameter : net.parameters())
    if (parameter.variable.has_grad()) return true;
  return false;
}

}  // namespace

TEST_CASE("a run whose replayed steps hold their update learns what one of plain steps learns") {
  for (const Device device : cards()) {
    Trained plain = updated_within(device, false);
    Trained replayed = updated_within(device);
    for (std::uint64_t i = 0; i < 10; ++i) {
      CAPTURE(i);
      for (Trained* each : {&plain, &replayed})
        each->adam.set_learning_rate(i == 4 ? 0.0f : 5e-3f / static_cast<float>(i + 1));
      const Batch batch = i == 5 ? Net::batch(i, 0.1f, 3) : Net::batch(i % 4);
      const float expected = plain.train(batch);
      CHECK(replayed.train(batch) == doctest::Approx(expected).epsilon(kTolerance));
      CHECK(replayed.adam.steps_done() == static_cast<std::int64_t>(i + 1));
      CHECK_FALSE(any_gradient(replayed.net));
    }
    CHECK(replayed.step.why_not() == "");
    CHECK(replayed.step.replays() == 8);
    check_same(replayed, plain);
    const auto state = replayed.adam.state();
    const auto expected = plain.adam.state();
    for (std::size_t k = 0; k < state.size(); ++k) {
      CAPTURE(state[k].name);
      CHECK(norm_error(state[k].tensor.to(kCpu), expected[k].tensor.to(kCpu)) < kTolerance);
    }
  }
}

TEST_CASE("a replay whose arrays are too short updates nothing") {
  for (const Device device : cards()) {
    Trained plain = updated_within(device, false);
    Trained replayed = updated_within(device);
    for (const float density : {0.02f, 0.02f, 0.02f, 0.05f, 0.4f, 0.02f, 0.8f}) {
      CAPTURE(density);
      const Batch batch = Net::batch(3, density);
      const float expected = plain.train(batch);
      CHECK(replayed.train(batch) == doctest::Approx(expected).epsilon(kTolerance));
      check_same(replayed, plain);
    }
    CHECK(replayed.step.replays() == 6);
    CHECK(replayed.step.recordings() > 1);
    CHECK(replayed.adam.steps_done() == 7);
  }
}

TEST_CASE("a replay whose entries fit, but not their lists, updates nothing") {
  // One sample of the batch has all events; then each has some.
  const auto batch = [](std::int32_t busy, float density) {
    std::vector<Event> events;
    const SpikeTensor all = Net::batch(3, density).spikes;
    for (std::int64_t row = 0; row < busy * kSteps; ++row)
      for (std::uint32_t e = all.events().offsets->data()[row];
           e < all.events().offsets->data()[row + 1];
           ++e)
        events.push_back({static_cast<std::int32_t>(row / kSteps),
                          static_cast<std::int32_t>(row % kSteps),
                          all.events().units->data()[e]});
    return Batch{SpikeTensor::from_events(5, kSteps, kInputs, events), Net::batch(3).labels};
  };
  for (const Device device : cards()) {
    Trained plain = updated_within(device, false);
    Trained replayed = updated_within(device);
    for (const Batch& each : {batch(1, 0.5f), batch(1, 0.5f), batch(1, 0.5f), batch(5, 0.01f)}) {
      const float expected = plain.train(each);
      CHECK(replayed.train(each) == doctest::Approx(expected).epsilon(kTolerance));
      check_same(replayed, plain);
    }
    CHECK(replayed.step.recordings() == 2);
  }
}

TEST_CASE("a replay whose numbers are not finite updates nothing") {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const Device device : cards())
    for (const char* layer : {"fc2", "back", "out"}) {
      CAPTURE(layer);
      Trained replayed = updated_within(device);
      for (std::uint64_t i = 0; i < 3; ++i) replayed.train(Net::batch(i, 0.3f));
      REQUIRE(replayed.step.replays() == 2);
      Variable weight;
      for (const NamedVariable& parameter : replayed.net.parameters())
        if (parameter.name == layer + std::string("/weight")) weight = parameter.variable;
      REQUIRE(weight.defined());
      const Tensor kept = weight.value().to(kCpu);
      for (std::int64_t at = 0; at < kept.size(); ++at) write(device, weight, at, kNan);
      const std::vector<Tensor> before = everything(replayed);
      CHECK(message_of<NumericError>(replayed, Net::batch(1, 0.3f)) != "nothing thrown");
      CHECK(replayed.step.replays() == 2);
      CHECK_FALSE(any_gradient(replayed.net));
      const std::vector<Tensor> after = everything(replayed);
      for (std::size_t k = 0; k < before.size(); ++k)
        for (std::size_t i = 0; i < before[k].values().size(); ++i) {
          const float value = before[k].values()[i];
          REQUIRE((after[k].values()[i] == value || value != value));
        }
      for (std::int64_t at = 0; at < kept.size(); ++at)
        write(device, weight, at, kept.values()[static_cast<std::size_t>(at)]);
      CHECK(std::isfinite(replayed.train(Net::batch(1, 0.3f))));
      CHECK(replayed.step.replays() == 3);
    }
}

TEST_CASE("a replay whose loss alone is not finite updates nothing") {
  for (const Device device : cards()) {
    Net net(device);
    Adam adam(net.parameters(), {.learning_rate = 5e-3f});
    const Variable factor(Tensor::full({}, 1.0f).to(device));
    StepGraph step([&](const SpikeVariable& spikes, std::span<const std::int32_t> labels) {
      Tape tape;
      const Variable loss = cross_entropy(net.forward(spikes), labels) * factor;
      tape.backward(loss);
      adam.step();
      return std::vector<Variable>{loss};
    });
    const Batch batch = Net::batch(1);
    for (int i = 0; i < 3; ++i) step(batch.spikes.to(device), batch.labels);
    REQUIRE(step.replays() == 2);
    const Tensor before = net.fc1.parameter("weight").value().to(kCpu);
    write(device, factor, 0, std::numeric_limits<float>::infinity());
    CHECK_THROWS_WITH_AS(step(batch.spikes.to(device), batch.labels),
                         doctest::Contains("the loss is inf"),
                         NumericError);
    check_same_bits({net.fc1.parameter("weight").value().to(kCpu)}, {before});
    CHECK(adam.steps_done() == 3);
  }
}

TEST_CASE("every optimiser is replayed as it runs") {
  using Make = std::function<std::unique_ptr<Optimizer>(std::vector<NamedVariable>)>;
  const Make makes[] = {
      [](auto parameters) {
        return std::make_unique<AdamW>(
            parameters,
            AdamWOptions{.learning_rate = 5e-3f, .epsilon = 1e-4f, .weight_decay = 0.5f});
      },
      [](auto parameters) {
        return std::make_unique<Sgd>(parameters, SgdOptions{.learning_rate = 0.1f});
      },
      [](auto parameters) {
        return std::make_unique<Sgd>(parameters,
                                     SgdOptions{.learning_rate = 0.1f, .momentum = 0.9f});
      }};
  for (const Device device : cards())
    for (const Make& make : makes) {
      const auto run = [&](bool replays) {
        Net net(device);
        std::vector<NamedVariable> parameters = net.parameters();
        // Has no gradient: it is skipped, and its steps are not counted.
        parameters.insert(parameters.begin(), {"unused", Variable(Tensor({3}).to(device), true)});
        const std::unique_ptr<Optimizer> optimizer = make(parameters);
        StepGraph step(
            [&](const SpikeVariable& spikes, std::span<const std::int32_t> labels) {
              std::vector<Variable> values = learn(net, spikes, labels);
              optimizer->step();
              return values;
            },
            replays);
        for (std::uint64_t i = 0; i < 6; ++i) {
          if (i == 3) parameters[0].variable.grad().fill(0.1f);  // this once there is one: it runs
          optimizer->set_learning_rate(0.02f * static_cast<float>(i + 1));
          const Batch batch = Net::batch(i);
          step(batch.spikes.to(device), batch.labels);
        }
        CHECK(step.replays() == (replays ? 4 : 0));
        CHECK(parameters[0].variable.value().to(kCpu).values()[0] != 0.0f);
        CHECK(step.why_not() == "");
        std::vector<Tensor> all;
        for (const NamedVariable& parameter : net.parameters())
          all.push_back(parameter.variable.value().to(kCpu));
        for (const NamedTensor& each : optimizer->state()) all.push_back(each.tensor.to(kCpu));
        return all;
      };
      const std::vector<Tensor> got = run(true);
      const std::vector<Tensor> expected = run(false);
      REQUIRE(got.size() == expected.size());
      for (std::size_t k = 0; k < got.size(); ++k)
        CHECK(norm_error(got[k], expected[k]) < kTolerance);
    }
}

namespace {

/// An optimiser of somebody who knows nothing of recordings.
class Plain final : public Optimizer {
 public:
  explicit Plain(std::vector<NamedVariable> parameters)
      : Optimizer("plain", std::move(parameters), 0.1f, {}) {}

 private:
  void update(std::span<const Optimizer::Update> parameters) override {
    updated += parameters.size();
  }

 public:
  std::size_t updated = 0;
};

}  // namespace

TEST_CASE("an optimiser that cannot be recorded, and one that is called twice, run and say why") {
  for (const Device device : cards()) {
    Net net(device);
    Plain plain(net.parameters());
    Adam adam(net.parameters());
    const auto why_not = [&](Optimizer* optimizer, int calls) {
      StepGraph step([&](const SpikeVariable& spikes, std::span<const std::int32_t> labels) {
        std::vector<Variable> values = learn(net, spikes, labels);
        for (int i = 0; i < calls; ++i) optimizer->step();
        return values;
      });
      for (std::uint64_t i = 0; i < 3; ++i)
        step(Net::batch(i).spikes.to(device), Net::batch(i).labels);
      CHECK(step.replays() == 0);
      CHECK(optimizer->steps_done() == 3 * calls);
      return step.why_not();
    };
    CHECK(why_not(&plain, 1).find("plain: its updates cannot be recorded") != std::string::npos);
    CHECK(plain.updated == 3 * net.parameters().size());
    CHECK(why_not(&adam, 2).find("adam: makes two updates") != std::string::npos);
  }
}

TEST_CASE("a step that goes on after its update runs and says why") {
  for (const Device device : cards()) {
    const auto run = [&](bool replays) {
      Net net(device);
      Adam adam(net.parameters(), {.learning_rate = 5e-3f, .epsilon = 1e-4f});
      StepGraph step(
          [&](const SpikeVariable& spikes, std::span<const std::int32_t> labels) {
            learn(net, spikes, labels);
            adam.step();
            return learn(net, spikes, labels);  // finds that its arrays are too short, too late
          },
          replays);
      for (const float density : {0.05f, 0.05f, 0.4f}) {
        adam.zero_grad();
        const Batch batch = Net::batch(2, density);
        step(batch.spikes.to(device), batch.labels);
        CHECK(any_gradient(net));
      }
      CHECK((step.why_not().find("goes on after an optimiser's update") != std::string::npos) ==
            replays);
      return net.fc1.parameter("weight").value().to(kCpu);
    };
    CHECK(norm_error(run(true), run(false)) < kTolerance);
  }
}

TEST_CASE("an optimiser that is made anew has the step recorded anew") {
  for (const Device device : cards()) {
    Net net(device);
    auto adam = std::make_unique<Adam>(net.parameters());
    StepGraph step([&](const SpikeVariable& spikes, std::span<const std::int32_t> labels) {
      std::vector<Variable> values = learn(net, spikes, labels);
      adam->step();
      return values;
    });
    for (std::uint64_t i = 0; i < 6; ++i) {
      if (i == 3) adam = std::make_unique<Adam>(net.parameters());
      step(Net::batch(i).spikes.to(device), Net::batch(i).labels);
    }
    CHECK(step.recordings() >= 2);
    CHECK(step.replays() == 4);
    CHECK(adam->steps_done() == 3);
  }
}

TEST_CASE("a step whose parameters have gradients of others runs") {
  for (const Device device : cards()) {
    Trained plain = updated_within(device, false);
    Trained replayed = updated_within(device);
    for (std::uint64_t i = 0; i < 5; ++i) {
      if (i == 3)
        for (Trained* each : {&plain, &replayed})
          each->net.fc1.parameter("weight").grad().fill(0.01f);
      plain.train(Net::batch(i));
      replayed.train(Net::batch(i));
    }
    CHECK(replayed.step.replays() == 3);
    CHECK(replayed.step.recordings() == 2);
    CHECK(replayed.adam.steps_done() == 5);
    check_same(replayed, plain);
  }
}
