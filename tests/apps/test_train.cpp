#include "apps/train.hpp"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "core/parallel.hpp"
#include "layers/checkpoint.hpp"
#include "tests/apps/same_run.hpp"
#include "tests/apps/small_run.hpp"

using namespace spiketape;
using namespace spiketape::apps;
namespace fs = std::filesystem;

namespace {

/// Number of threads, put back at the end.
class Threads {
 public:
  Threads() : before_(thread_count()) {}
  ~Threads() { set_thread_count(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace

TEST_CASE("training lowers the loss and fills the run folder") {
  const TemporaryFolder folder;
  const std::string run = folder / "a";
  const TrainResult result = train(small_run(run, {{"epochs", "15"}, {"lr", "5e-2"}}));
  CHECK(result.finished);
  CHECK(result.test.samples == 30);
  for (const char* name : {"/config.toml", "/metrics.jsonl", "/checkpoint.h5", "/best.h5"}) {
    CHECK(fs::exists(run + name));
  }
  const auto metrics = metrics_without_times(run);
  REQUIRE(metrics.size() == 15);
  CHECK(metrics[14]["train_loss"].get<double>() < metrics[0]["train_loss"].get<double>());
  CHECK(metrics[0]["spikes_percent"].size() == 2);
  CHECK(metrics[0]["active_percent"].size() == 2);
  CHECK(metrics[0]["active_percent"][0].get<double>() > 0.0);
}

TEST_CASE("a run that is stopped anywhere and resumed ends with the same bits") {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, std::string>> more = {{"dropout", "0.2"},
                                                                 {"schedule", "cosine"},
                                                                 {"warm_up", "0.5"},
                                                                 {"clip", "1"},
                                                                 {"blend", "0.5"},
                                                                 {"stretch", "0.1"},
                                                                 {"shift", "1"},
                                                                 {"jitter", "1e-3"},
                                                                 {"drop", "0.1"}};
  const std::string straight = folder / "straight";
  CHECK(train(small_run(straight, more)).finished);
  for (const int batches : {1, 2, 3, 4, 6}) {  // 3 batches an epoch
    CAPTURE(batches);
    const std::string run = folder / std::to_string(batches);
    const TrainResult stopped = train(small_run(run, more), batches);
    CHECK_FALSE(stopped.finished);
    CHECK(stopped.state.epoch * 3 + stopped.state.batch == batches);
    TrainArguments resume;
    resume.out = run;
    resume.resume = true;
    if (batches == 1) CHECK_FALSE(train(resume, 1).finished);  // stopped twice in one epoch
    const TrainResult result = train(resume);
    CHECK(result.finished);
    check_same_run(straight, run);
  }
}

TEST_CASE("1, 2 and 4 threads give the same bits") {
  const Threads threads;
  const TemporaryFolder folder;
  const std::string one = folder / "1";
  train(small_run(one, {{"threads", "1"}, {"batch", "40"}}));
  for (const char* count : {"1", "2", "4"}) {
    const std::string run = folder / (std::string("threads-") + count);
    train(small_run(run, {{"threads", count}, {"batch", "40"}}));
    check_same_run(one, run);
  }
}

TEST_CASE("a config file repeats a run bit for bit") {
  const TemporaryFolder folder;
  const std::string first = folder / "first";
  train(small_run(first, {{"neuron", "adaptive"}, {"optimizer", "sgd"}, {"recurrent", "true"}}));
  TrainArguments again;
  again.config = first + "/config.toml";
  again.out = folder / "again";
  train(again);
  check_same_run(first, again.out);
  CHECK(read_text(first + "/config.toml") == read_text(again.out + "/config.toml"));
}

TEST_CASE("every choice of a setting trains") {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, std::string>> choices = {{"neuron", "cuba"},
                                                                    {"surrogate", "triangle"},
                                                                    {"path", "gemm"},
                                                                    {"window", "inf"},
                                                                    {"score", "sum"},
                                                                    {"init", "uniform"},
                                                                    {"optimizer", "adamw"},
                                                                    {"schedule", "step"},
                                                                    {"reset_gradient", "true"},
                                                                    {"bias", "true"},
                                                                    {"validation", "0"},
                                                                    {"hidden", ""}};
  for (const auto& choice : choices) {
    CAPTURE(choice.first);
    std::vector<std::pair<std::string, std::string>> more = {choice, {"epochs", "1"}};
    if (choice.first == "hidden") more.push_back({"calibrate", "0"});
    const TrainResult result = train(small_run(folder / choice.first, more));
    CHECK(result.finished);
    CHECK(result.state.best_epoch == 1);
  }
}

TEST_CASE(
    "a number that is no longer finite ends training and leaves a checkpoint of finite numbers") {
  const TemporaryFolder folder;
  const std::string run = folder / "a";
  CHECK_THROWS_WITH_AS(train(small_run(run, {{"optimizer", "sgd"}, {"lr", "1e38"}})),
                       doctest::Contains("checkpoint.h5 keeps the last state that was saved"),
                       NumericError);
  for (const NamedTensor& parameter : load_checkpoint(run + "/checkpoint.h5").parameters) {
    for (const float value : parameter.tensor.values()) REQUIRE(std::isfinite(value));
  }
}

TEST_CASE(
    "a disk that fills at the end of an epoch costs no epoch that a checkpoint says is done") {
  const TemporaryFolder folder;
  const std::string straight = folder / "straight";
  train(small_run(straight));
  for (const std::string blocked : {"metrics.jsonl", "checkpoint.h5.partial", "best.h5.partial"}) {
    CAPTURE(blocked);
    const std::string run = folder / ("run-" + blocked);
    TrainHooks hooks;
    hooks.print = [&](const std::string& line) {  // said before anything of the epoch is written
      if (line.starts_with("epoch   1/2")) fs::create_directory(run + "/" + blocked);
    };
    CHECK_THROWS_AS(run_train(prepare_train(small_run(run)), hooks), DataError);
    CHECK(load_checkpoint(run + "/checkpoint.h5").epoch == 0);
    fs::remove(run + "/" + blocked);
    TrainArguments resume;
    resume.out = run;
    resume.resume = true;
    CHECK(train(resume).finished);
    check_same_run(straight, run);
  }
}

TEST_CASE("a resumed run may train for more epochs, but not in another way") {
  const TemporaryFolder folder;
  const std::string run = folder / "a";
  train(small_run(run));
  TrainArguments resume;
  resume.out = run;
  resume.resume = true;
  resume.settings = {{"epochs", "3"}};
  CHECK(train(resume).state.epoch == 3);
  CHECK(metrics_without_times(run).size() == 3);
  resume.settings = {{"lr", "1e-2"}};  // what it is already
  CHECK(prepare_train(resume).recipe->train.epochs == 3);
  resume.settings = {{"lr", "0.5"}};
  CHECK_THROWS_WITH_AS(prepare_train(resume), doctest::Contains("--lr: the run in"), Error);
}
