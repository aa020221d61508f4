#include "apps/info.hpp"

#include <fstream>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "tests/apps/small_run.hpp"
#include "tests/data/event_files.hpp"

using namespace spiketape;
using namespace spiketape::apps;

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
  spiketape::testing::EventFileContent content;
  content.times[2][0] = std::numeric_limits<double>::quiet_NaN();
  spiketape::testing::write_event_file(folder / "a.h5", content);
  CHECK(describe_path(folder / "a.h5") == (folder / "a.h5") +
                                              ": event file in the layout of SHD\n"
                                              "  recordings           3\n"
                                              "  labels               0 to 2 (3 classes)\n"
                                              "  events               5 (0 to 3 a recording)\n"
                                              "  units                uint16, 1 to 9\n"
                                              "  times                float32, 0 to 0.75 s\n"
                                              "                       1 times are not finite\n");
  spiketape::testing::write_event_file(folder / "a.h5", {{}, {}, {}});
  CHECK(contains(describe_path(folder / "a.h5"), "events               0 (none a recording)"));
}

TEST_CASE("info of something else is an error that lists what it knows") {
  const TemporaryFolder folder;
  std::ofstream(folder / "x") << "hello world";
  CHECK_THROWS_WITH_AS(describe_path(folder / "x"), doctest::Contains("an IDX file"), DataError);
  CHECK_THROWS_WITH_AS(describe_path(folder / "none"), doctest::Contains("none"), DataError);
  std::filesystem::create_directories(folder / "d");
  CHECK_THROWS_WITH_AS(describe_path(folder / "d"), doctest::Contains("holds no run"), DataError);
}
