// A step that a card records once and replays gives what the same step gives when it runs: losses,
// gradients, counters, monitors and errors. On the CPU it runs.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <spiketape.hpp>

#include "tests/cuda/step_graph_support.hpp"

using namespace spiketape;
using namespace spiketape::testing;

TEST_CASE("a step on the CPU runs, and returns its values") {
  Trained trained(kCpu, true);
  for (std::uint64_t i = 0; i < 3; ++i) {
    const std::vector<Tensor> values = trained.run(Net::batch(i));
    REQUIRE(values.size() == 2);
    CHECK(std::isfinite(values[0].item()));
    CHECK(values[1].shape() == Shape{5, kClasses});
    trained.adam.step();
  }
  CHECK(trained.step.replays() == 0);
  CHECK(trained.step.why_not().empty());
}

TEST_CASE("a run of replayed steps learns what one of plain steps learns") {
  for (const Device device : cards()) {
    Trained plain(device, false);
    Trained replayed(device, true);
    for (std::uint64_t i = 0; i < 10; ++i) {
      CAPTURE(i);
      // The sixth batch is a small last one of an epoch.
      const Batch batch = i == 5 ? Net::batch(i, 0.1f, 3) : Net::batch(i % 4);
      const float expected = plain.train(batch);
      CHECK(replayed.train(batch) == doctest::Approx(expected).epsilon(kTolerance));
    }
    CHECK(replayed.step.why_not() == "");
    CHECK(replayed.step.recordings() >= 1);
    CHECK(replayed.step.replays() == 8);
    CHECK(plain.step.replays() == 0);
    check_same(replayed, plain);
  }
}

TEST_CASE("a replay with more spikes than the recording has room for is recorded anew") {
  for (const Device device : cards()) {
    Trained plain(device, false);
    Trained replayed(device, true);
    for (const float density : {0.02f, 0.02f, 0.02f, 0.05f, 0.4f, 0.02f, 0.8f}) {
      CAPTURE(density);
      const Batch batch = Net::batch(3, density);
      const float expected = plain.train(batch);
      CHECK(replayed.train(batch) == doctest::Approx(expected).epsilon(kTolerance));
    }
    CHECK(replayed.step.replays() == 6);
    CHECK(replayed.step.recordings() > 1);
    check_same(replayed, plain);
  }
}

TEST_CASE("a replayed step refuses bad labels and numbers that are not finite") {
  for (const Device device : cards()) {
    Trained replayed(device, true);
    for (std::uint64_t i = 0; i < 3; ++i) replayed.train(Net::batch(i));
    REQUIRE(replayed.step.replays() == 2);

    Batch wrong = Net::batch(1);
    wrong.labels[2] = 7;
    Trained plain(device, false);
    CHECK(message_of<DataError>(replayed, wrong) == message_of<DataError>(plain, wrong));
    wrong.labels.pop_back();
    CHECK(message_of<ShapeError>(replayed, wrong) == message_of<ShapeError>(plain, wrong));
    CHECK(replayed.train(Net::batch(1)) > 0.0f);  // nothing is lost

    const auto spoil = [&](Trained& trained) {
      Tensor values = trained.net.fc2.parameter("weight").value().to(kCpu);
      values.data()[40] = std::numeric_limits<float>::quiet_NaN();
      copy_bytes(trained.net.fc2.parameter("weight").value().data(),
                 device,
                 values.data(),
                 kCpu,
                 values.values().size_bytes());
    };
    spoil(replayed);
    spoil(plain);
    const std::uint64_t calls = replayed.net.drop.calls();
    const std::string message = message_of<NumericError>(replayed, Net::batch(1));
    CHECK(message.find("fc2") != std::string::npos);
    CHECK(message.find("membrane") != std::string::npos);
    CHECK(replayed.net.drop.calls() == calls);
    CHECK_FALSE(replayed.net.fc1.parameter("weight").has_grad());
    CHECK(message_of<NumericError>(plain, Net::batch(1)).find("fc2") != std::string::npos);
  }
}

TEST_CASE("a step that cannot be recorded runs and says why") {
  for (const Device device : cards()) {
    Net net(device);
    StepGraph reads([&](const SpikeVariable& spikes, std::span<const std::int32_t> labels) {
      std::vector<Variable> values = learn(net, spikes, labels);
      const float loss = values[0].item();
      CHECK(std::isfinite(loss));
      return values;
    });
    for (std::uint64_t i = 0; i < 3; ++i) {
      const Batch batch = Net::batch(i);
      CHECK(std::isfinite(reads(batch.spikes.to(device), batch.labels)[0].item()));
      for (const NamedVariable& parameter : net.parameters()) parameter.variable.clear_grad();
    }
    CHECK(reads.replays() == 0);
    CHECK(reads.why_not().find("reading the card's memory") != std::string::npos);
  }
}

TEST_CASE("a step whose first run failed is not recorded before it has run") {
  for (const Device device : cards()) {
    Trained plain(device, false);
    Trained replayed(device, true);
    Batch wrong = Net::batch(1);
    wrong.labels[2] = 7;
    CHECK_THROWS_AS(plain.run(wrong), DataError);
    CHECK_THROWS_AS(replayed.run(wrong), DataError);
    for (std::uint64_t i = 0; i < 4; ++i) {
      const float expected = plain.train(Net::batch(i));
      CHECK(replayed.train(Net::batch(i)) == doctest::Approx(expected).epsilon(kTolerance));
    }
    CHECK(replayed.step.why_not() == "");
    CHECK(replayed.step.replays() == 3);
    check_same(replayed, plain);
  }
}

TEST_CASE("a layer that is used twice in a step has room for the busier use") {
  for (const Device device : cards()) {
    Net net(device);
    StepGraph step([&](const SpikeVariable& spikes, std::span<const std::int32_t> labels) {
      Tape tape;
      const SpikeVariable once = net.lif(net.fc1(net.drop(spikes)));
      const SpikeVariable again = net.lif(net.fc1(spikes));
      const Variable loss =
          cross_entropy(net.readout(net.out(net.adaptive(net.fc2(once) + net.fc2(again)))), labels);
      tape.backward(loss);
      return std::vector<Variable>{loss};
    });
    for (std::uint64_t i = 0; i < 6; ++i) {
      const Batch batch = Net::batch(i, i < 3 ? 0.05f : 0.3f);
      CHECK(std::isfinite(step(batch.spikes.to(device), batch.labels)[0].item()));
      for (const NamedVariable& parameter : net.parameters()) parameter.variable.clear_grad();
    }
    CHECK(step.why_not() == "");
    CHECK(step.replays() == 5);
  }
}

TEST_CASE("a step that sends what the host made of its labels runs") {
  for (const Device device : cards()) {
    Net net(device);
    StepGraph step([&](const SpikeVariable& spikes, std::span<const std::int32_t> labels) {
      Tensor weights({5, kClasses});
      for (std::size_t i = 0; i < labels.size(); ++i)
        weights.data()[static_cast<std::int64_t>(i) * kClasses + labels[i]] = 1.0f;
      Tape tape;
      const Variable loss = sum(net.forward(spikes) * Variable(weights.to(device)));
      tape.backward(loss);
      return std::vector<Variable>{loss};
    });
    for (std::uint64_t i = 0; i < 3; ++i) {
      const Batch batch = Net::batch(i);
      step(batch.spikes.to(device), batch.labels);
      for (const NamedVariable& parameter : net.parameters()) parameter.variable.clear_grad();
    }
    CHECK(step.replays() == 0);
    CHECK(step.why_not().find("data that the host makes") != std::string::npos);
  }
}

TEST_CASE("gradients that are summed over steps are those of plain steps") {
  for (const Device device : cards()) {
    Trained plain(device, false);
    Trained replayed(device, true);
    for (std::uint64_t i = 0; i < 9; ++i) {
      const Batch batch = Net::batch(i);
      CHECK(replayed.run(batch)[0].item() ==
            doctest::Approx(plain.run(batch)[0].item()).epsilon(kTolerance));
      if (i % 3 != 2) continue;
      plain.adam.step();
      replayed.adam.step();
    }
    check_same(replayed, plain);
  }
}

TEST_CASE("memory of recordings is told while they run, and goes with them") {
  for (const Device device : cards()) {
    const std::size_t before = memory_use(device).current;
    {
      Trained trained(device, true);
      for (std::uint64_t i = 0; i < 3; ++i) trained.train(Net::batch(i));
      const std::size_t kept = memory_use(device).current;
      reset_peak_memory(device);
      trained.train(Net::batch(1));
      REQUIRE(trained.step.replays() == 3);
      CHECK(memory_use(device).current == kept);
      CHECK(memory_use(device).peak > kept + 1000);
      CHECK(memory_use(device, MemoryTag::tape).peak > 0);
    }
    CHECK(memory_use(device).current == before);
  }
}
