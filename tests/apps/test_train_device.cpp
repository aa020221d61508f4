// Training by --device: what the CPU trains, every other device of this build trains, too.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "apps/eval.hpp"
#include "apps/show.hpp"
#include "core/error.hpp"
#include "layers/checkpoint.hpp"
#include "tests/apps/same_run.hpp"
#include "tests/apps/small_run.hpp"

using namespace spiketape;
using namespace spiketape::apps;

namespace {

using More = std::vector<std::pair<std::string, std::string>>;

TrainArguments resume_on(const std::string& run, const std::string& device) {
  TrainArguments resume;
  resume.out = run;
  resume.resume = true;
  resume.settings = {{"device", device}};
  return resume;
}

/// Norm of the difference of all weights over that of the weights themselves.
double weight_distance(const std::string& run, const std::string& other) {
  const Checkpoint a = load_checkpoint(run + "/checkpoint.h5");
  const Checkpoint b = load_checkpoint(other + "/checkpoint.h5");
  REQUIRE(a.parameters.size() == b.parameters.size());
  double difference = 0.0;
  double norm = 0.0;
  for (std::size_t p = 0; p < a.parameters.size(); ++p) {
    const auto x = a.parameters[p].tensor.values();
    const auto y = b.parameters[p].tensor.values();
    REQUIRE(x.size() == y.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      difference += std::pow(static_cast<double>(x[i]) - static_cast<double>(y[i]), 2.0);
      norm += std::pow(static_cast<double>(x[i]), 2.0);
    }
  }
  return std::sqrt(difference / norm);
}

}  // namespace

TEST_CASE("every device trains to much the same weights, validates, tests and saves") {
  const More more = {{"dropout", "0.2"}, {"clip", "1"}, {"recurrent", "true"}, {"bias", "true"}};
  const TemporaryFolder folder;
  train(small_run(folder / "cpu", more));
  for (const Device device : available_devices()) {
    const std::string name = to_string(device);
    CAPTURE(name);
    More on_device = more;
    on_device.emplace_back("device", name);
    const TrainResult result = train(small_run(folder / ("on " + name), on_device));
    CHECK(result.finished);
    CHECK(result.test.samples == 30);
    // Sums of another order flip a spike at the threshold now and then.
    CHECK(weight_distance(folder / "cpu", folder / ("on " + name)) < 1e-2);
  }
}

TEST_CASE("every device trains every neuron, optimiser and score") {
  const std::vector<More> choices = {{{"neuron", "cuba"}, {"score", "sum"}},
                                     {{"neuron", "adaptive"}, {"optimizer", "adamw"}},
                                     {{"tau_spread", "2"}, {"optimizer", "sgd"}},
                                     {{"window", "inf"}, {"score", "last"}},
                                     {{"reset_gradient", "true"}, {"score", "mean"}},
                                     {{"hidden", ""}, {"calibrate", "0"}}};
  const TemporaryFolder folder;
  int count = 0;
  for (const Device device : available_devices()) {
    for (const More& choice : choices) {
      CAPTURE(to_string(device));
      CAPTURE(choice.front().first);
      More more = choice;
      more.insert(more.end(), {{"epochs", "1"}, {"device", to_string(device)}});
      CHECK(train(small_run(folder / std::to_string(count++), more)).finished);
    }
  }
}

TEST_CASE("a deterministic run is the same bits each time, and from checkpoint to checkpoint") {
  const TemporaryFolder folder;
  for (const Device device : available_devices()) {
    const std::string name = to_string(device);
    CAPTURE(name);
    const More more = {{"device", name}, {"deterministic", "true"}, {"dropout", "0.2"}};
    const std::string straight = folder / ("straight " + name);
    const std::string stopped = folder / ("stopped " + name);
    train(small_run(straight, more));
    CHECK_FALSE(train(small_run(stopped, more), 2).finished);
    CHECK(train(resume_on(stopped, name)).finished);
    check_same_run(straight, stopped);
  }
}

TEST_CASE("a run that is stopped on one device goes on, is tested and is drawn on any other") {
  const TemporaryFolder folder;
  int count = 0;
  for (const Device from : available_devices()) {
    for (const Device to : available_devices()) {
      CAPTURE(to_string(from));
      CAPTURE(to_string(to));
      const std::string run = folder / std::to_string(count++);
      CHECK_FALSE(train(small_run(run, {{"device", to_string(from)}}), 4).finished);
      CHECK(train(resume_on(run, to_string(to))).finished);
      const Evaluation here = evaluate_run(run, {.device = to_string(from)});
      const Evaluation there = evaluate_run(run, {.device = to_string(to)});
      CHECK(here.loss == doctest::Approx(there.loss).epsilon(1e-2));
      CHECK(here.samples == there.samples);

      ShowArguments arguments;
      arguments.run = run;
      arguments.settings = {{"device", to_string(from)}};
      const Picture one = collect(arguments);
      arguments.settings = {{"device", to_string(to)}};
      const Picture other = collect(arguments);
      REQUIRE(one.rasters.size() == other.rasters.size());
      CHECK(one.rasters[0].spikes == other.rasters[0].spikes);
      REQUIRE(one.membranes.size() == other.membranes.size());
      CHECK(one.membranes[0].membrane.size() == other.membranes[0].membrane.size());
    }
  }
}

TEST_CASE("a run of a device that is not there is evaluated and resumed on one that is") {
  const TemporaryFolder folder;
  const std::string run = folder / "a";
  CHECK_FALSE(train(small_run(run), 4).finished);
  // As if it came from a machine with more cards.
  Checkpoint best = load_checkpoint(run + "/best.h5");
  auto& config = std::get<std::string>(best.attributes["config"]);
  const std::string here = "device = \"cpu\"";
  const auto at = config.find(here);
  REQUIRE(at != std::string::npos);
  config.replace(at, here.size(), "device = \"cuda:4096\"");
  save_checkpoint(run + "/best.h5", best);
  CHECK_THROWS_WITH_AS(evaluate_run(run), doctest::Contains("cuda:4096"), BackendError);
  CHECK(evaluate_run(run, {.device = "cpu"}).samples == 30);
  CHECK_THROWS_WITH_AS(
      prepare_train(resume_on(run, "cuda:4096")), doctest::Contains("cuda:4096"), BackendError);
}

TEST_CASE("a path that only cards have is refused on the CPU before a folder is made") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(prepare_train(small_run(folder / "a", {{"path", "cublas"}})),
                       doctest::Contains("path: the CPU has no cublas"),
                       BackendError);
  int count = 0;
  for (const Device device : available_devices()) {
    if (device == kCpu) continue;
    for (const char* path : {"event", "gemm", "cusparse", "cublas"}) {
      CAPTURE(path);
      const More more = {{"path", path}, {"device", to_string(device)}, {"epochs", "1"}};
      CHECK(train(small_run(folder / std::to_string(count++), more)).finished);
    }
  }
}

TEST_CASE("whether a card is deterministic is part of a run, unlike the device") {
  const TemporaryFolder folder;
  const std::string run = folder / "a";
  CHECK_FALSE(train(small_run(run), 1).finished);
  CHECK(read_text(run + "/config.toml").find("deterministic = false") != std::string::npos);
  TrainArguments resume = resume_on(run, "cpu");
  resume.settings.emplace_back("deterministic", "true");
  CHECK_THROWS_WITH_AS(
      prepare_train(resume), doctest::Contains("--deterministic: the run in"), Error);
}
