#include "apps/run_folder.hpp"

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "apps/train_state.hpp"
#include "core/error.hpp"
#include "tests/apps/small_run.hpp"

using namespace spiketape;
using namespace spiketape::apps;
namespace fs = std::filesystem;

TEST_CASE("a run folder that holds a run is not overwritten") {
  const TemporaryFolder folder;
  const RunFolder run(folder / "a/b");
  run.create("x = 1\n");
  CHECK(read_text(folder / "a/b/config.toml") == "x = 1\n");
  CHECK_THROWS_WITH_AS(run.require_run(), doctest::Contains("checkpoint.h5 is missing"), DataError);
  run.create("x = 2\n");  // what is left when the disk was full at the start is no run
  std::ofstream(run.checkpoint()) << "x";
  CHECK_THROWS_WITH_AS(run.create(""),
                       doctest::Contains("continue it with --resume, or choose another --out"),
                       DataError);
  run.require_run();
}

TEST_CASE("a run folder that cannot be made is an error that names it") {
  CHECK_THROWS_WITH_AS(
      RunFolder("/dev/null/run").create(""), doctest::Contains("/dev/null/run"), DataError);
}

TEST_CASE(
    "metrics are one object an epoch with the keys in order, and null where nothing was held out") {
  const TemporaryFolder folder;
  const RunFolder run(folder / "a");
  run.create("");
  EpochMetrics metrics;
  metrics.epoch = 1;
  metrics.validation_loss = std::numeric_limits<double>::quiet_NaN();
  metrics.spikes_percent = {1.0, 2.0};
  run.append(metrics);
  const auto line = nlohmann::ordered_json::parse(read_text(run.metrics().string()));
  std::string keys;
  for (const auto& item : line.items()) keys += item.key() + " ";
  CHECK(keys ==
        "epoch train_loss train_accuracy validation_loss validation_accuracy seconds step_seconds "
        "spikes_percent active_percent ");
  CHECK(line["validation_loss"].is_null());
  CHECK(line["spikes_percent"].size() == 2);
}

TEST_CASE("metrics after the checkpoint's epoch are dropped") {
  const TemporaryFolder folder;
  const RunFolder run(folder / "a");
  run.create("");
  run.keep_epochs(3);
  CHECK(read_text(run.metrics().string()).empty());
  for (int epoch = 1; epoch <= 3; ++epoch) {
    EpochMetrics metrics;
    metrics.epoch = epoch;
    run.append(metrics);
  }
  run.keep_epochs(2);
  CHECK(metrics_without_times(folder / "a").size() == 2);
}

TEST_CASE("a full disk is an error that says what to do") {
  if (!fs::exists("/dev/full")) return;
  const TemporaryFolder folder;
  const RunFolder run(folder / "a");
  run.create("old");
  fs::create_symlink("/dev/full", run.metrics());
  CHECK_THROWS_WITH_AS(run.append({}), doctest::Contains("metrics.jsonl: cannot add"), DataError);
  fs::create_symlink("/dev/full", folder / "a/config.toml.partial");
  CHECK_THROWS_WITH_AS(run.write_config("new"), doctest::Contains("free some space"), DataError);
  CHECK(read_text(run.config().string()) == "old");
}

TEST_CASE("the best epoch has the highest accuracy, then the lowest loss") {
  TrainState state;
  EpochMetrics metrics;
  const auto take = [&](std::int64_t epoch, double accuracy, double loss) {
    metrics.epoch = epoch;
    metrics.validation_accuracy = accuracy;
    metrics.validation_loss = loss;
    return state.take_best(metrics);
  };
  CHECK(take(1, 0.0, 9.0));
  CHECK(take(2, 0.5, 2.0));
  CHECK_FALSE(take(3, 0.5, 2.0));
  CHECK(take(4, 0.5, 1.0));
  CHECK_FALSE(take(5, 0.4, 0.1));
  CHECK(state.best_epoch == 4);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(take(6, nan, nan));
}
