#include "apps/info.hpp"

#include <fstream>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "tests/apps/small_run.hpp"
#include "tests/data/event_files.hpp"
#include "tests/data/nmnist_files.hpp"

using namespace spiketape;
using namespace spiketape::apps;
using spiketape::testing::Bytes;
using spiketape::testing::EventFileContent;
using spiketape::testing::put;
using spiketape::testing::write_event_file;
using spiketape::testing::write_recording;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("info tells versions, devices, vector instructions and threads") {
  const std::string text = describe_installation();
  for (const char* word : {"spiketape", "compiler", "libraries", "devices", "vectors", "threads"}) {
    CHECK(contains(text, word));
  }
}

TEST_CASE("info tells what a run folder and a checkpoint hold") {
  const TemporaryFolder folder;
  train(small_run(folder / "a"));
  CHECK(contains(describe_path(folder / "a"), "a run of 2 epochs"));
  const std::string text = describe_path(folder / "a/best.h5");
  CHECK(contains(text, "fc1/weight"));
  CHECK(contains(text, "[20, 12]"));
  CHECK(contains(text, "recipe = \"randman\""));
}

TEST_CASE("info tells what an IDX file holds") {
  const TemporaryFolder folder;
  std::ofstream(folder / "x", std::ios::binary)
      << std::string("\0\0\x08\x01\0\0\0\x02\x05\x06", 10);
  CHECK(contains(describe_path(folder / "x"), "IDX file of unsigned bytes [2]"));
}

TEST_CASE("info tells how many recordings and events an event file holds, and of what types") {
  const TemporaryFolder folder;
  EventFileContent content;
  content.times[2][0] = std::numeric_limits<double>::quiet_NaN();
  write_event_file(folder / "a.h5", content);
  CHECK(describe_path(folder / "a.h5") == (folder / "a.h5") +
                                              ": event file in the layout of SHD\n"
                                              "  recordings           3\n"
                                              "  labels               0 to 2 (3 classes)\n"
                                              "  events               5 (0 to 3 a recording)\n"
                                              "  units                uint16, 1 to 9\n"
                                              "  times                float32, 0 to 0.75 s\n"
                                              "                       1 times are not finite\n");
  write_event_file(folder / "a.h5", EventFileContent::empty());
  CHECK(contains(describe_path(folder / "a.h5"), "events               0 (none a recording)"));
}

TEST_CASE("info tells the events, polarities, times and label of an N-MNIST recording") {
  const TemporaryFolder folder;
  Bytes bytes;
  put(bytes, 0, 0, true, 1500);
  put(bytes, 34, 2, false, 1700);
  put(bytes, 0, 240, false, 0);
  put(bytes, 3, 2, true, 8);
  const std::string file = folder / "7/00001.bin";
  write_recording(file, bytes);
  CHECK(describe_path(file) == file +
                                   ": recording of N-MNIST\n"
                                   "  label                7, by its folder\n"
                                   "  events               3 (2 ON, 1 OFF)\n"
                                   "                       1 lie outside 34 x 34 pixels\n"
                                   "  times                0.0015 to 0.0082 s\n");
  bytes.pop_back();
  write_recording(file, bytes);
  CHECK_THROWS_WITH_AS(describe_path(file), doctest::Contains("is cut off"), DataError);
}

TEST_CASE("info tells the recipe of a config.toml, and what is not its default") {
  const TemporaryFolder folder;
  std::ofstream(folder / "a.toml")
      << "recipe = \"shd\"\nvariant = \"strong\"\nlr = 0.5\nsteps = 200\n";
  const std::string text = describe_path(folder / "a.toml");
  CHECK(text.starts_with((folder / "a.toml") + ": settings of recipe shd, variant strong\n  lr "));
  CHECK(contains(text, "  lr                   0.5 (default "));
  CHECK_FALSE(contains(text, "steps"));
  std::ofstream(folder / "a.toml") << "recipe = \"shd\"\ncolour = 3\n";
  CHECK_THROWS_WITH_AS(describe_path(folder / "a.toml"), doctest::Contains("line 2"), DataError);
}

TEST_CASE("info tells the epochs of a metrics.jsonl, the best and the last") {
  const TemporaryFolder folder;
  const std::string file = folder / "metrics.jsonl";
  std::ofstream stream(file);
  for (const char* figures : {"1, \"validation_loss\": 0.5, \"validation_accuracy\": 0.75",
                              "2, \"validation_loss\": 0.25, \"validation_accuracy\": 0.875",
                              "3, \"validation_loss\": 0.375, \"validation_accuracy\": 0.875"})
    stream << R"({"train_loss": 0.125, "train_accuracy": 0.9375, "seconds": 1.25, "epoch": )"
           << figures << "}\n";
  stream.close();
  CHECK(describe_path(file) ==
        file +
            ": a run of 3 epochs, 3.8 s\n"
            "  best  epoch 2: training accuracy 93.75 %, loss 0.125; validation accuracy 87.50 %, "
            "loss 0.25\n"
            "  last  epoch 3: training accuracy 93.75 %, loss 0.125; validation accuracy 87.50 %, "
            "loss 0.375\n");
  train(small_run(folder / "a", {{"validation", "0"}}));  // as train writes them, here with nulls
  const std::string text = describe_path(folder / "a/metrics.jsonl");
  CHECK(contains(text, "a run of 2 epochs"));
  CHECK(contains(text, "  best  epoch 2: training accuracy "));
  CHECK_FALSE(contains(text, "validation"));
  CHECK(
      contains(describe_path(folder / "a/config.toml"), "  hidden               [12, 9] (default"));
  std::ofstream(file, std::ios::app) << "{\"epoch\": 4}\n";
  CHECK_THROWS_WITH_AS(describe_path(file), doctest::Contains("metrics.jsonl, line 4"), DataError);
}

TEST_CASE("info of something else is an error that lists what it knows") {
  const TemporaryFolder folder;
  std::ofstream(folder / "x") << "hello world";
  CHECK_THROWS_WITH_AS(describe_path(folder / "x"), doctest::Contains("an IDX file"), DataError);
  CHECK_THROWS_WITH_AS(describe_path(folder / "none"), doctest::Contains("none"), DataError);
  CHECK_THROWS_WITH_AS(describe_path(folder / "none.jsonl"), doctest::Contains("none"), DataError);
  std::filesystem::create_directories(folder / "d");
  CHECK_THROWS_WITH_AS(describe_path(folder / "d"), doctest::Contains("holds no run"), DataError);
}
