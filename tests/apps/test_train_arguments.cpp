#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "apps/recipes/registry.hpp"
#include "apps/train.hpp"
#include "core/error.hpp"
#include "tests/apps/small_run.hpp"

using namespace spiketape;
using namespace spiketape::apps;

namespace {

TrainArguments with(const std::string& name, const std::string& text) {
  TrainArguments arguments;
  arguments.recipe = "randman";
  arguments.settings = {{name, text}};
  return arguments;
}

}  // namespace

TEST_CASE("the paper's settings are the defaults of fmnist") {
  const auto recipe = make_recipe("fmnist");
  recipe->resolve();
  CHECK(recipe->network.hidden == std::vector<std::int64_t>{200, 200});
  CHECK(recipe->network.tau == 10e-3);
  CHECK(recipe->network.beta == 100.0);
  CHECK(recipe->network.window == 0.2);
  CHECK(recipe->network.gain == 20.0);
  CHECK(recipe->network.upper == 0.06);
  CHECK(recipe->network.lower == 100.0);
  CHECK(recipe->train.lr == 2e-4);
  CHECK(recipe->train.batch == 256);
  CHECK(recipe->train.optimizer == "adam");
  CHECK(recipe->train.validation == 0.1);
}

TEST_CASE("typed settings win over the config file") {
  const TemporaryFolder folder;
  TrainArguments first = small_run(folder / "a", {{"epochs", "1"}});
  train(first);
  TrainArguments second;
  second.config = folder / "a/config.toml";
  second.settings = {{"lr", "0.5"}};
  const TrainJob job = prepare_train(second);
  CHECK(job.recipe_name == "randman");
  CHECK(job.recipe->train.lr == 0.5);
  CHECK(job.recipe->train.epochs == 1);
}

TEST_CASE("arguments that make no sense are errors that say so") {
  CHECK_THROWS_WITH_AS(prepare_train({}), doctest::Contains("spiketape train randman"), Error);
  CHECK_THROWS_WITH_AS(
      prepare_train(with("colour", "red")), doctest::Contains("has no such setting"), Error);
  CHECK_THROWS_WITH_AS(prepare_train(with("data", "x")), doctest::Contains("randman"), Error);
  CHECK_THROWS_WITH_AS(
      prepare_train(with("epochs", "0")), doctest::Contains("epochs: expected 1 or more"), Error);
  CHECK_THROWS_WITH_AS(
      prepare_train(with("batch", "x")), doctest::Contains("--batch: expected an integer"), Error);
  CHECK_THROWS_AS(prepare_train(with("seed", "-1")), Error);
  CHECK_THROWS_AS(prepare_train(with("threads", "-1")), Error);
  CHECK_THROWS_AS(prepare_train(with("device", "tpu")), BackendError);
  for (const auto& setting : {std::pair{"warm_up", "1e30"},
                              {"schedule_factor", "-1"},
                              {"schedule_factor", "inf"},
                              {"dt", "1e-300"},
                              {"tau", "inf"},
                              {"tau_readout", "0"},
                              {"beta", "-5"}}) {
    CAPTURE(setting.first);
    CHECK_THROWS_WITH_AS(
        prepare_train(with(setting.first, setting.second)), doctest::Contains("expected"), Error);
  }
  CHECK_THROWS_WITH_AS(prepare_train(with("jitter", "-1")),
                       doctest::Contains("jitter: expected 0 to 65.536 seconds, got -1"),
                       Error);
  CHECK_THROWS_AS(prepare_train(with("jitter", "70")), Error);
  TrainArguments other = with("epochs", "1");
  other.recipe = "mnist";
  CHECK_THROWS_WITH_AS(prepare_train(other),
                       doctest::Contains("randman, fmnist, nmnist, shd, ssc, spoken-digits"),
                       Error);
}

TEST_CASE("a variant sets the defaults, and whatever else is typed wins over it") {
  TrainArguments arguments;
  arguments.recipe = "spoken-digits";
  arguments.settings = {{"epochs", "7"}, {"variant", "strong"}};
  const TrainJob job = prepare_train(arguments);
  CHECK(job.recipe->variant == "strong");
  CHECK(job.recipe->network.recurrent);
  CHECK(job.recipe->augment.shift == 4);
  CHECK(job.recipe->train.epochs == 7);
  CHECK(job.config_text.find("variant = \"strong\"") != std::string::npos);

  arguments.settings.pop_back();
  CHECK_FALSE(prepare_train(arguments).recipe->network.recurrent);
  arguments.settings.emplace_back("variant", "stronger");
  CHECK_THROWS_WITH_AS(
      prepare_train(arguments), doctest::Contains("paper, strong, but 'stronger'"), Error);
}

TEST_CASE("a file's settings are not taken for those of another variant") {
  const TemporaryFolder folder;
  TrainArguments arguments;
  arguments.recipe = "spoken-digits";
  const std::string file = folder / "paper.toml";
  std::ofstream(file) << prepare_train(arguments).config_text;
  arguments.config = file;
  arguments.settings = {{"variant", "strong"}};
  CHECK_THROWS_WITH_AS(prepare_train(arguments), doctest::Contains("leave out --config"), Error);
  arguments.settings = {{"variant", "paper"}};
  CHECK_NOTHROW(prepare_train(arguments));
}

TEST_CASE("a device that is not there is an error that says how to get it") {
  const auto devices = available_devices();
  if (devices.size() > 1) return;
  CHECK_THROWS_WITH_AS(
      prepare_train(with("device", "cuda")), doctest::Contains("cuda"), BackendError);
}

TEST_CASE("resuming what is not there is an error that says what to do") {
  const TemporaryFolder folder;
  TrainArguments resume;
  resume.resume = true;
  CHECK_THROWS_WITH_AS(prepare_train(resume), doctest::Contains("--out"), Error);
  resume.out = folder / "none";
  CHECK_THROWS_WITH_AS(prepare_train(resume), doctest::Contains("drop --resume"), DataError);
}

TEST_CASE("a run that fails before it starts leaves no folder behind") {
  const TemporaryFolder folder;
  TrainArguments arguments;
  arguments.recipe = "fmnist";
  arguments.out = folder / "a";
  CHECK_THROWS_WITH_AS(train(arguments), doctest::Contains("--data is missing"), Error);
  arguments.settings = {{"data", folder / "nowhere"}};
  CHECK_THROWS_WITH_AS(train(arguments), doctest::Contains("nowhere"), DataError);
  CHECK_FALSE(std::filesystem::exists(folder / "a"));
  train(small_run(folder / "b", {{"epochs", "1"}}));
  CHECK_THROWS_WITH_AS(
      train(small_run(folder / "b")), doctest::Contains("holds a run already"), DataError);
}

TEST_CASE("a checkpoint of another network is refused") {
  const TemporaryFolder folder;
  train(small_run(folder / "a", {{"epochs", "1"}}));
  train(small_run(folder / "b", {{"epochs", "1"}, {"hidden", "5"}}));
  std::filesystem::copy_file(folder / "a/checkpoint.h5",
                             folder / "b/checkpoint.h5",
                             std::filesystem::copy_options::overwrite_existing);
  TrainArguments resume;
  resume.out = folder / "b";
  resume.resume = true;
  CHECK_THROWS_WITH_AS(
      train(resume), doctest::Contains("b/checkpoint.h5: it is of another network"), DataError);
}
