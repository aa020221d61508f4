// The recipes whose data are recordings: how they are read must not change what is learnt.
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "apps/trained_run.hpp"
#include "core/error.hpp"
#include "tests/apps/same_run.hpp"
#include "tests/data/event_files.hpp"
#include "tests/data/nmnist_files.hpp"

using namespace spiketape;
using namespace spiketape::apps;
using spiketape::testing::convert_small_nmnist;
using spiketape::testing::EventFileContent;
using spiketape::testing::float16;
using spiketape::testing::write_event_file;
using spiketape::testing::write_small_nmnist;
namespace fs = std::filesystem;

namespace {

using MoreSettings = std::vector<std::pair<std::string, std::string>>;

/// One epoch with a small network.
TrainArguments one_epoch(const std::string& recipe,
                         const std::string& data,
                         const std::string& out,
                         const MoreSettings& more = {}) {
  TrainArguments arguments;
  arguments.recipe = recipe;
  arguments.out = out;
  arguments.settings = {{"data", data},
                        {"epochs", "1"},
                        {"hidden", "12,9"},
                        {"batch", "8"},
                        {"validation", "0.2"},
                        {"calibrate", "5"}};
  arguments.settings.insert(arguments.settings.end(), more.begin(), more.end());
  return arguments;
}

/// Trains; what it printed.
std::string train_and_listen(const TrainArguments& arguments) {
  std::string text;
  TrainHooks hooks;
  hooks.print = [&](const std::string& line) { text += line + "\n"; };
  CHECK(run_train(prepare_train(arguments), hooks).finished);
  return text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::int64_t input_units(const std::string& run) {
  for (const NamedTensor& parameter : load_checkpoint(run + "/best.h5").parameters)
    if (parameter.name == "fc1/weight") return parameter.tensor.dim(0);
  return 0;
}

/// Files of 30 recordings each, a class in its own channels and at its own time.
void write_spoken(const fs::path& folder, double last_time, std::size_t repeats = 3) {
  fs::create_directories(folder);
  EventFileContent content = EventFileContent::empty();
  for (std::int64_t i = 0; i < 30; ++i) {
    std::vector<double> times;
    std::vector<std::int64_t> units;
    for (std::int64_t e = 0; e < 60; ++e) {
      times.insert(times.end(), repeats, 0.125 * static_cast<double>((i + e) % 8));
      units.insert(units.end(), repeats, 70 * (i % 10) + e);
    }
    content.add(std::move(times), std::move(units), i % 10);
  }
  content.times[7].back() = last_time;
  write_event_file(folder / "train_shd.h5", content, float16(), H5::PredType::STD_U16LE, true);
  write_event_file(folder / "shd_test.h5", content);
}

}  // namespace

TEST_CASE("N-MNIST trains to the same bits from the folder and from the converted files") {
  const TemporaryFolder folder;
  const fs::path set = folder / "set";
  const std::string files = folder / "files";
  write_small_nmnist(set, 40, 10);
  convert_small_nmnist(set, files);
  for (const std::string polarity : {"merged", "split"}) {
    CAPTURE(polarity);
    const MoreSettings more = {{"polarity", polarity}};
    const std::string a = folder / (polarity + "-folder");
    const std::string b = folder / (polarity + "-file");
    train(one_epoch("nmnist", set.string(), a, more));
    train(one_epoch("nmnist", files, b, more));
    check_same_run(a, b);
    CHECK(input_units(a) == (polarity == "merged" ? 34 * 34 : 2 * 34 * 34));
  }
}

TEST_CASE("N-MNIST trains to the same bits held and streamed, from both forms") {
  const TemporaryFolder folder;
  const fs::path set = folder / "set";
  const std::string files = folder / "files";
  write_small_nmnist(set, 40, 10, 8000);
  convert_small_nmnist(set, files);
  const std::string held = folder / "held";
  CHECK_FALSE(contains(train_and_listen(one_epoch("nmnist", files, held)), "streamed"));
  for (const std::string& data : {set.string(), files}) {
    CAPTURE(data);
    const std::string streamed = folder / ("streamed" + std::to_string(data.size()));
    const MoreSettings more = {{"memory_mib", "1"}, {"checkpoint_seconds", "1e-9"}};
    const std::string text = train_and_listen(one_epoch("nmnist", data, streamed, more));
    CHECK(contains(text, "came after the last step and were cut off"));
    CHECK(contains(text, "; streamed: held they could take "));
    check_same_run(held, streamed);
  }
}

TEST_CASE("events at no finite time are dropped, counted and told, or an error when strict") {
  const TemporaryFolder folder;
  const std::string data = folder / "data";
  write_spoken(data, std::numeric_limits<double>::infinity());
  const std::string run = folder / "a";
  const std::string text = train_and_listen(one_epoch("spoken-digits", data, run));
  CHECK(contains(text, "train: 30 recordings, 1800 events; "));
  CHECK(contains(text, "; 1 had no finite time and were dropped"));
  CHECK(input_units(run) == 700);
  const TrainArguments strict =
      one_epoch("spoken-digits", data, folder / "b", {{"strict", "true"}});
  CHECK_THROWS_WITH_AS(train(strict),
                       doctest::Contains("train_shd.h5: of the events of recording 7, 1 have no"),
                       DataError);
  CHECK_FALSE(fs::exists(folder / "b"));
}

TEST_CASE("channels are joined and repeats kept where asked, and late events are told") {
  const TemporaryFolder folder;
  const std::string data = folder / "data";
  write_spoken(data, 2.0);
  const std::string run = folder / "a";
  const std::string text = train_and_listen(
      one_epoch("spoken-digits", data, run, {{"coarsen", "5"}, {"repeats", "keep"}}));
  CHECK(contains(text, "140 units"));
  CHECK(contains(text, "train: 30 recordings, 5399 events; 1 came after the last step"));
  CHECK(input_units(run) == 140);
}

TEST_CASE("spoken digits train to the same bits held and streamed") {
  const TemporaryFolder folder;
  const std::string data = folder / "data";
  write_spoken(data, 0.0, 200);
  const MoreSettings common = {{"coarsen", "5"}, {"repeats", "keep"}, {"shift", "1"}};
  MoreSettings streamed = common;
  streamed.push_back({"memory_mib", "1"});
  CHECK_FALSE(contains(train_and_listen(one_epoch("spoken-digits", data, folder / "a", common)),
                       "streamed"));
  CHECK(contains(train_and_listen(one_epoch("spoken-digits", data, folder / "b", streamed)),
                 "streamed"));
  check_same_run(folder / "a", folder / "b");
}

TEST_CASE("the Spiking Speech Commands are 35 words in files of their own names") {
  const TemporaryFolder folder;
  EventFileContent content = EventFileContent::empty();
  for (std::int64_t i = 0; i < 70; ++i) content.add({0.01, 0.5}, {20 * (i % 35), 699}, i % 35);
  write_event_file(folder / "ssc_train.h5", content, float16());
  write_event_file(folder / "ssc_test.h5", content, float16());
  const std::string text = train_and_listen(one_epoch("ssc", folder / "", folder / "a"));
  CHECK(contains(text, "train: 70 recordings, 140 events"));
  CHECK(input_units(folder / "a") == 700);
  const auto sets = open_trained_run(folder / "a").recipe->load();
  CHECK(sets.test->classes() == 35);
  CHECK_THROWS_WITH_AS(train(one_epoch("shd", folder / "", folder / "b")),
                       doctest::Contains("shd_train.h5"),
                       DataError);
}
