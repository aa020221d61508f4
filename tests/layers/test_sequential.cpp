#include "layers/sequential.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "layers/dropout.hpp"
#include "layers/linear.hpp"
#include "layers/neurons.hpp"
#include "layers/readout.hpp"
#include "layers/recurrent.hpp"

namespace spiketape {
namespace {

SpikeVariable some_spikes() {
  return SpikeTensor::from_events(
      2, 5, 3, std::vector<Event>{{0, 0, 0}, {0, 1, 2}, {1, 0, 1}, {1, 2, 2}, {1, 3, 0}});
}

void add_hidden(Sequential& net) {
  net.add<Linear>("fc1", 3, 6);
  net.add<Recurrent>("back", 6);
  net.add<Lif>(LifOptions{.tau = 5e-3});
}

/// Maps a dense variable to itself, twice as large.
struct Twice {
  Variable operator()(const Variable& x) const {
    Variable y(x.value().clone());
    for (float& value : y.value().values()) value *= 2.0f;
    return y;
  }
};

}  // namespace

TEST_CASE("sequential gives what its layers give one by one") {
  Sequential net;
  add_hidden(net);
  net.add<Linear>("out", 6, 2);
  net.add<Readout>(ReadoutOptions{.score = Score::sum});
  CHECK(net.size() == 5);
  Variable(net.parameter("fc1/weight")).value().fill(1.1f);

  Module root;
  const Linear fc1(root, "fc1", 3, 6);
  const Recurrent back(root, "back", 6);
  const Linear out(root, "out", 6, 2);
  Variable(fc1.weight()).value().fill(1.1f);
  Lif lif({.tau = 5e-3});
  const Variable expected = Readout({.score = Score::sum})(out(lif(fc1(some_spikes()) + back)));
  const Variable scores = net(some_spikes());
  CHECK(scores.shape() == Shape{2, 2});
  CHECK(scores.value().values()[0] != 0.0f);
  for (std::size_t k = 0; k < 4; ++k)
    CHECK(scores.value().values()[k] == expected.value().values()[k]);
}

TEST_CASE("sequential names its parameters and nests") {
  Module root;
  Sequential net(root, "net");
  add_hidden(net);
  const auto parameters = root.parameters();
  REQUIRE(parameters.size() == 2);
  CHECK(parameters[0].name == "net/fc1/weight");
  CHECK(parameters[1].name == "net/back/weight");
  net.add<Dropout>("drop", DropoutOptions{.probability = 0.5f});
  root.set_training(false);
  CHECK(net.run<SpikeVariable>(some_spikes()).neurons() == 6);
  CHECK(root.counters()[0].name == "net/drop/calls");
  CHECK(root.describe().find("Sequential of 4 layers") != std::string::npos);
}

TEST_CASE("a layer made by add is returned, and dense layers may follow") {
  Sequential net;
  net.add<Linear>("fc1", 3, 2);
  net.add<Readout>();
  const Variable once = net(some_spikes());
  net.add<Twice>();
  const Variable twice = net(some_spikes());
  CHECK(twice.value().values()[0] == 2.0f * once.value().values()[0]);
  Sequential other;
  other.add<Linear>("fc1", 3, 2);
  Lif& lif = other.add<Lif>();
  other.run<SpikeVariable>(some_spikes());
  CHECK(lif.monitor().neuron_steps == 2 * 5 * 2);
}

TEST_CASE("layers that do not fit together are refused when they are added") {
  Sequential net;
  CHECK_THROWS_WITH_AS(
      net.add<Lif>(),
      doctest::Contains("layer 0 takes a current, but the network is given spikes"),
      Error);
  net.add<Linear>("fc1", 3, 4);
  CHECK_THROWS_WITH_AS(net.add<Linear>("fc2", 4, 4),
                       doctest::Contains("layer 1 takes spikes, but layer 0 returns a current"),
                       Error);
  CHECK(net.parameters().size() == 1);
  CHECK(net.size() == 1);
}

TEST_CASE("asking for what the last layer does not give is an error") {
  Sequential net;
  CHECK_THROWS_WITH_AS(net(some_spikes()), doctest::Contains("there are no layers"), Error);
  net.add<Linear>("fc1", 3, 4);
  CHECK_THROWS_WITH_AS(
      net(some_spikes()), doctest::Contains("the last layer returns a current"), Error);
  CHECK(net.run<Current>(some_spikes()).neurons() == 4);
}

}  // namespace spiketape
