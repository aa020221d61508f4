#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/error.hpp"
#include "data/nmnist.hpp"
#include "tests/data/nmnist_files.hpp"

// Handmade recordings in the five-byte format.
using namespace spiketape;
using doctest::Contains;
using spiketape::testing::Bytes;
using spiketape::testing::convert_small_nmnist;
using spiketape::testing::put;
using spiketape::testing::TemporaryFolder;
using spiketape::testing::write_recording;
using spiketape::testing::write_small_nmnist;
namespace fs = std::filesystem;

TEST_CASE("an N-MNIST event is x, y, polarity and 23 bits of microseconds") {
  const TemporaryFolder folder;
  Bytes bytes;
  put(bytes, 10, 30, false, 937);
  put(bytes, 33, 0, true, 0x7fffff);
  const fs::path file = folder.path() / "a.bin";
  write_recording(file, bytes);
  const auto events = read_nmnist(file);
  REQUIRE(events.size() == 2);
  CHECK(events[0] == NmnistEvent{10, 30, false, 937});
  CHECK(events[1] == NmnistEvent{33, 0, true, 0x7fffff});
}

TEST_CASE("an event of row 240 makes the clock of all later ones 8,192 us later") {
  const TemporaryFolder folder;
  Bytes bytes;
  put(bytes, 1, 1, false, 100);
  put(bytes, 0, 240, false, 0);
  put(bytes, 2, 2, false, 5);
  put(bytes, 0, 240, true, 7);
  put(bytes, 3, 3, true, 6);
  const fs::path file = folder.path() / "a.bin";
  write_recording(file, bytes);
  const auto events = read_nmnist(file);
  REQUIRE(events.size() == 3);
  CHECK(events[1].microseconds == 8192 + 5);
  CHECK(events[2].microseconds == 2 * 8192 + 6);
}

TEST_CASE("recordings come in the order of their names, with polarities together or apart") {
  const TemporaryFolder folder;
  Bytes first;
  put(first, 3, 2, true, 1500);
  put(first, 3, 2, false, 1600);    // the same pixel and step
  put(first, 34, 2, false, 1700);   // no such pixel
  put(first, 0, 0, false, 400000);  // after the last step
  Bytes second;
  put(second, 33, 33, false, 0);
  write_recording(folder.path() / "7" / "00001.bin", first);
  write_recording(folder.path() / "0" / "00002.bin", second);
  const HeldRecordings merged = load_nmnist(folder.path());
  REQUIRE(merged.recordings.size() == 2);
  CHECK(merged.recordings.neurons() == 34 * 34);
  CHECK(merged.recordings.steps() == 300);
  CHECK(merged.recordings.label(0) == 7);
  CHECK(merged.recordings.label(1) == 0);
  std::vector<StepEvent> events;
  merged.recordings.encode(0, events);
  CHECK(events == std::vector<StepEvent>{{1, 3 + 34 * 2}});
  merged.recordings.encode(1, events);
  CHECK(events == std::vector<StepEvent>{{0, 1155}});
  CHECK(merged.report.merged == 1);
  CHECK(merged.report.bad_unit == 1);
  CHECK(merged.report.late == 1);

  const HeldRecordings split = load_nmnist(folder.path(), {.split_polarity = true});
  CHECK(split.recordings.neurons() == 2 * 34 * 34);
  split.recordings.encode(0, events);
  CHECK(events == std::vector<StepEvent>{{1, 3 + 34 * 2}, {1, 1156 + 3 + 34 * 2}});
  CHECK(split.report.merged == 0);
}

TEST_CASE("a missing folder, an empty one and a file that is cut off are errors that say so") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(
      load_nmnist(folder.path() / "Train"), Contains("no such folder; expected"), DataError);
  CHECK_THROWS_WITH_AS(load_nmnist(folder.path()), Contains("no recordings"), DataError);
  CHECK_THROWS_WITH_AS(
      read_nmnist(folder.path() / "none.bin"), Contains("cannot be read"), DataError);
  Bytes bytes;
  put(bytes, 1, 1, false, 100);
  bytes.pop_back();
  write_recording(folder.path() / "3" / "00009.bin", bytes);
  CHECK_THROWS_WITH_AS(load_nmnist(folder.path()),
                       Contains("00009.bin: 4 bytes; expected a multiple of 5"),
                       DataError);
}

TEST_CASE("event files are read where the folders Train and Test hold no recording") {
  const TemporaryFolder folder;
  write_small_nmnist(folder / "set", 4, 2);
  convert_small_nmnist(folder / "set", folder.path());
  fs::create_directories(folder / "Train" / "0");
  fs::create_directory(folder / "Test");
  CHECK(open_nmnist(folder.path(), "train")->size() == 4);
  CHECK(open_nmnist(folder.path(), "test")->size() == 2);
  write_recording(folder / "Train" / "9" / "00001.bin", {});
  CHECK(open_nmnist(folder.path(), "train")->size() == 1);  // folders go first
  fs::remove(folder / "test_nmnist.h5");
  CHECK_THROWS_WITH_AS(
      open_nmnist(folder.path(), "test"), Contains("Test holds no recording"), DataError);
}
