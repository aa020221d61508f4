#include "apps/show.hpp"

#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "tests/apps/small_run.hpp"

using namespace spiketape;
using namespace spiketape::apps;

namespace {

/// Of the small randman that small_run() trains on.
ShowArguments small_input() {
  ShowArguments arguments;
  arguments.recipe = "randman";
  arguments.settings = {{"classes", "3"},
                        {"units", "20"},
                        {"steps", "20"},
                        {"train_samples", "60"},
                        {"test_samples", "30"}};
  return arguments;
}

ShowArguments of_run(const std::string& run) {
  ShowArguments arguments;
  arguments.run = run;
  return arguments;
}

}  // namespace

TEST_CASE("the picture of a sample holds each of its events, and says what it is") {
  ShowArguments arguments = small_input();
  arguments.sample = 4;
  const Picture picture = collect(arguments);
  CHECK(picture.title == "randman, test sample 4, class 1");
  CHECK(picture.steps == 20);
  CHECK(picture.dt == 1e-3);
  REQUIRE(picture.rasters.size() == 1);
  CHECK(picture.rasters[0].title == "input: 20 events of 20 units, 20 steps");
  CHECK(picture.rasters[0].spikes.size() == 20);  // every unit of randman fires once
  CHECK(picture.rasters[0].active.empty());
  CHECK(picture.membranes.empty());
  CHECK(picture.readouts.empty());

  arguments.part = "train";
  const Picture other = collect(arguments);
  CHECK(other.title == "randman, train sample 4, class 1");
  CHECK(other.rasters[0].spikes != picture.rasters[0].spikes);
}

TEST_CASE("the picture of a run shows its layers, the neurons that fire most, and the readout") {
  const TemporaryFolder folder;
  train(small_run(folder / "a"));
  const Picture picture = collect(of_run(folder / "a"));
  CHECK(picture.title == "randman, test sample 0, class 0, run " + (folder / "a"));
  REQUIRE(picture.rasters.size() == 3);
  CHECK(picture.rasters[1].title.starts_with("fc1: "));
  CHECK(picture.rasters[1].units == 12);
  CHECK(picture.rasters[2].units == 9);
  CHECK(picture.rasters[1].spikes.size() > 0);
  CHECK(picture.rasters[1].active.size() > 0);

  REQUIRE(picture.membranes.size() == 3);
  std::size_t last = picture.rasters[1].spikes.size();
  for (const MembranePanel& panel : picture.membranes) {
    std::size_t fires = 0;
    for (const float v : panel.membrane) fires += v > panel.threshold;
    CHECK(panel.membrane.size() == 20);
    CHECK(fires <= last);
    last = fires;
  }
  REQUIRE(picture.readouts.size() == 1);
  CHECK(picture.readouts[0].traces.size() == 3);
  CHECK(picture.readouts[0].traces[0].size() == 20);
}

TEST_CASE("neurons of any layer can be chosen, and fire where the raster says") {
  const TemporaryFolder folder;
  for (const char* neuron : {"lif", "cuba", "adaptive"}) {
    CAPTURE(neuron);
    const std::string run = folder / neuron;
    train(small_run(run, {{"neuron", neuron}, {"recurrent", "true"}, {"dropout", "0.3"}}));
    ShowArguments arguments = of_run(run);
    arguments.layer = 2;
    arguments.neurons = {8, 0, 1, 2, 3, 4, 5, 6, 7};
    const Picture picture = collect(arguments);
    REQUIRE(picture.membranes.size() == 9);
    CHECK(picture.membranes[0].title == "fc2: neuron 8");
    std::size_t fires = 0;
    for (const MembranePanel& panel : picture.membranes)
      for (const float v : panel.membrane) fires += v > panel.threshold;
    CHECK(fires == picture.rasters[2].spikes.size());
    CHECK(fires > 0);
  }
}

TEST_CASE("the answer in the picture is the class whose trace is highest") {
  const TemporaryFolder folder;
  train(small_run(folder / "a"));
  ShowArguments arguments = of_run(folder / "a");
  for (arguments.sample = 0; arguments.sample < 5; ++arguments.sample) {
    const ReadoutPanel panel = collect(arguments).readouts.front();
    std::size_t best = 0;
    float highest = -1e30f;
    for (std::size_t c = 0; c < panel.traces.size(); ++c)
      for (const float value : panel.traces[c])
        if (value > highest) {
          highest = value;
          best = c;
        }
    CHECK(panel.answer == static_cast<std::int64_t>(best));
    CHECK(panel.label == arguments.sample % 3);
  }
}

TEST_CASE("a network without hidden layers shows input and readout") {
  const TemporaryFolder folder;
  train(small_run(folder / "a", {{"hidden", ""}, {"calibrate", "0"}}));
  const Picture picture = collect(of_run(folder / "a"));
  CHECK(picture.rasters.size() == 1);
  CHECK(picture.membranes.empty());
  CHECK(picture.readouts.size() == 1);
}

TEST_CASE("what is not there cannot be shown: the message says what is") {
  const auto wrong = [](ShowArguments arguments, const char* message) {
    CHECK_THROWS_WITH_AS(collect(arguments), doctest::Contains(message), Error);
  };
  ShowArguments arguments = small_input();
  arguments.sample = 30;
  wrong(arguments, "sample: the test part has samples 0 to 29, but 30 was asked for");
  arguments.sample = -1;
  wrong(arguments, "0 to 29, but -1");
  arguments = small_input();
  arguments.part = "validation";
  wrong(arguments, "expected train or test, got 'validation'");
  arguments = small_input();
  arguments.settings.emplace_back("colour", "red");
  wrong(arguments, "colour: recipe randman has no such setting");
  wrong({}, "recipe: name one");

  const TemporaryFolder folder;
  const std::string run = folder / "a";
  train(small_run(run));
  arguments = of_run(run);
  arguments.recipe = "fmnist";
  wrong(arguments, "is a run of randman, not fmnist");
  arguments = of_run(run);
  arguments.layer = 3;
  wrong(arguments, "layer: the network has hidden layers 1 to 2, but 3 was asked for");
  arguments = of_run(run);
  arguments.neurons = {0, 12};
  wrong(arguments, "neurons: fc1 has neurons 0 to 11, but 12 was asked for");
  arguments = of_run(run);
  arguments.settings = {{"tau", "5e-3"}};
  wrong(arguments, "tau: the settings come from the run");
  arguments.settings = {{"data", "/data"}};
  wrong(arguments, "makes its own data");
  wrong(of_run(folder / "nowhere"), "nowhere");
}
