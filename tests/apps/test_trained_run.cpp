#include "apps/trained_run.hpp"

#include <string>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "tests/apps/small_run.hpp"

using namespace spiketape;
using namespace spiketape::apps;

TEST_CASE("a trained run has the settings and the weights that it ended with") {
  const TemporaryFolder folder;
  train(small_run(folder / "a", {{"tau", "7e-3"}}));
  const TrainedRun run = open_trained_run(folder / "a");
  CHECK(run.file == folder / "a/best.h5");
  CHECK(run.recipe_name == "randman");
  CHECK(run.recipe->network.tau == 7e-3);
  const DataSets sets = run.recipe->load();
  CHECK(sets.test->size() == 30);
  const auto net = run.network(*sets.train);
  const auto fresh = run.recipe->build(*sets.train);
  CHECK(net->hidden_layers() == 2);
  CHECK(net->parameter("fc1/weight").value().data()[0] !=
        fresh->parameter("fc1/weight").value().data()[0]);
}

TEST_CASE("a run of a recipe that makes its own data takes no data folder") {
  const TemporaryFolder folder;
  train(small_run(folder / "a", {{"epochs", "1"}}));
  CHECK_THROWS_WITH_AS(open_trained_run(folder / "a", {.data = "/data"}),
                       doctest::Contains("makes its own data"),
                       Error);
  CHECK_THROWS_AS(open_trained_run(folder / "nowhere"), DataError);
}
