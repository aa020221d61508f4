// Which ways to sum are recorded, and that they sum as in a step that runs.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include <spiketape.hpp>

#include "tests/cuda/step_graph_support.hpp"

using namespace spiketape;
using namespace spiketape::testing;

TEST_CASE("matrix products are recorded, too") {
  for (const Device device : cards()) {
    Trained plain(device, false, SynapsePath::gemm);
    Trained replayed(device, true, SynapsePath::gemm);
    for (std::uint64_t i = 0; i < 5; ++i)
      CHECK(replayed.train(Net::batch(i)) ==
            doctest::Approx(plain.train(Net::batch(i))).epsilon(kTolerance));
    CHECK(replayed.step.replays() == 4);
    check_same(replayed, plain);
  }
}

TEST_CASE("replayed deterministic steps have the bits of plain ones") {
  for (const Device device : cards()) {
    const Deterministic on;
    Trained plain(device, false, SynapsePath::automatic, Update::within_step);
    Trained replayed(device, true, SynapsePath::automatic, Update::within_step);
    for (const float density : {0.1f, 0.1f, 0.05f, 0.0f, 0.3f, 0.02f, 0.8f, 0.1f}) {
      CAPTURE(density);
      const Batch batch = Net::batch(3, density);
      CHECK(replayed.train(batch) == plain.train(batch));
    }
    CHECK(replayed.step.why_not() == "");
    CHECK(replayed.step.replays() == 7);
    check_same_bits(everything(replayed), everything(plain));
  }
}

TEST_CASE("steps by cusparse run and say why") {
  for (const Device device : cards()) {
    Module net;
    Linear fc(net, "fc", kInputs, 20, {.path = SynapsePath::cusparse});
    Lif lif{{.window = 0.4f}};
    net.initialize(2);
    net.to(device);
    StepGraph step([&](const SpikeVariable& spikes, std::span<const std::int32_t>) {
      return std::vector<Variable>{mean(spike_count(lif(fc(spikes))))};
    });
    for (std::uint64_t i = 0; i < 3; ++i) {
      const Batch batch = Net::batch(i);
      CHECK(std::isfinite(step(batch.spikes.to(device), batch.labels)[0].item()));
    }
    CHECK(step.replays() == 0);
    CHECK(step.why_not().find("counts a chunk's entries") != std::string::npos);
  }
}

TEST_CASE("auto is recorded with a table that names cusparse, and takes events") {
  const struct Table {
    Table() { set_path_table({{{35, 0.1, SynapsePath::cusparse, SynapsePath::cusparse}}, 0}); }
    ~Table() { set_path_table(reckoned_path_table()); }
  } cusparse;
  for (const Device device : cards()) {
    Trained plain(device, false, SynapsePath::automatic);
    Trained replayed(device, true, SynapsePath::automatic);
    for (std::uint64_t i = 0; i < 5; ++i)
      CHECK(replayed.train(Net::batch(i)) ==
            doctest::Approx(plain.train(Net::batch(i))).epsilon(kTolerance));
    CHECK(replayed.step.why_not() == "");
    CHECK(replayed.step.replays() == 4);
    check_same(replayed, plain);
  }
}
