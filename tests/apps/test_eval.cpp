#include "apps/eval.hpp"

#include <cstdint>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "tests/apps/small_run.hpp"

using namespace spiketape;
using namespace spiketape::apps;

TEST_CASE("answers are the classes of the highest scores, the first one at a tie") {
  const Tensor scores =
      Tensor::from_values({3, 3}, std::vector<float>{1, 3, 2, 5, 5, 1, -2, -3, -1});
  CHECK(answers(scores) == std::vector<std::int32_t>{1, 0, 2});
  CHECK(answers(Tensor({0, 3})).empty());
}

TEST_CASE("eval of a run repeats the test at the end of training, with all figures") {
  const TemporaryFolder folder;
  const std::string run = folder / "a";
  const TrainResult trained = train(small_run(run));
  const Evaluation again = evaluate_run(run);
  CHECK(again.accuracy == trained.test.accuracy);
  CHECK(again.loss == trained.test.loss);
  CHECK(again.confusion == trained.test.confusion);
  CHECK(again.spikes_percent == trained.test.spikes_percent);
  CHECK(again.samples == 30);
  REQUIRE(again.active_percent.size() == 2);
  CHECK(again.active_percent[0] > 0.0);

  std::int64_t all = 0;
  std::int64_t right = 0;
  for (std::size_t i = 0; i < again.confusion.size(); ++i) {
    right += again.confusion[i][i];
    for (const std::int64_t count : again.confusion[i]) all += count;
  }
  CHECK(all == 30);
  CHECK(static_cast<double>(right) / 30.0 == doctest::Approx(again.accuracy));

  const auto json = nlohmann::ordered_json::parse(to_json(again));
  std::string keys;
  for (const auto& item : json.items()) keys += item.key() + " ";
  CHECK(keys == "accuracy loss samples confusion spikes_percent active_percent ");
  CHECK(json["confusion"].size() == 3);
}

TEST_CASE("eval takes a checkpoint file away from its run folder") {
  const TemporaryFolder folder;
  train(small_run(folder / "a"));
  std::filesystem::rename(folder / "a/checkpoint.h5", folder / "b.h5");
  CHECK(evaluate_run(folder / "b.h5").samples == 30);
}

TEST_CASE("eval of what holds no network is an error that says what is expected") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "empty");
  CHECK_THROWS_WITH_AS(
      evaluate_run(folder / "empty"), doctest::Contains("best.h5 is missing"), DataError);
  CHECK_THROWS_AS(evaluate_run(folder / "nowhere"), DataError);
  train(small_run(folder / "a", {{"epochs", "1"}}));
  CHECK_THROWS_WITH_AS(evaluate_run(folder / "a", {.data = "/data"}),
                       doctest::Contains("makes its own data"),
                       Error);
  Checkpoint bare = load_checkpoint(folder / "a/best.h5");
  bare.attributes.clear();
  save_checkpoint(folder / "bare.h5", bare);
  CHECK_THROWS_WITH_AS(
      evaluate_run(folder / "bare.h5"), doctest::Contains("holds no settings"), DataError);
}
