#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <H5Cpp.h>

#include "core/error.hpp"
#include "data/event_file.hpp"
#include "tests/data/event_files.hpp"
#include "tests/temporary_folder.hpp"

using namespace spiketape;
using doctest::Contains;
using spiketape::testing::EventFileContent;
using spiketape::testing::float16;
using spiketape::testing::TemporaryFolder;
using spiketape::testing::write_event_file;
namespace fs = std::filesystem;

namespace {

const EventFileOptions kOptions{.binning = {.dt = 0.125, .steps = 8}, .units = 10, .classes = 3};

std::vector<StepEvent> events_of(const HeldRecordings& data, std::int64_t recording) {
  std::vector<StepEvent> events;
  data.recordings.encode(recording, events);
  return events;
}

}  // namespace

TEST_CASE("numbers of every width, compressed or not, read the same") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.h5";
  const std::vector<H5::DataType> time_types = {
      float16(), H5::PredType::IEEE_F32LE, H5::PredType::IEEE_F64LE, H5::PredType::IEEE_F64BE};
  const std::vector<H5::DataType> unit_types = {
      H5::PredType::STD_U8LE, H5::PredType::STD_U16LE, H5::PredType::STD_I64LE};
  for (const H5::DataType& time_type : time_types)
    for (const H5::DataType& unit_type : unit_types)
      for (const bool gzip : {false, true}) {
        write_event_file(path, {}, time_type, unit_type, gzip);
        const HeldRecordings data = load_event_file(path, kOptions);
        REQUIRE(data.recordings.size() == 3);
        CHECK(data.recordings.neurons() == 10);
        CHECK(events_of(data, 0) == std::vector<StepEvent>{{0, 9}, {2, 1}, {4, 2}});
        CHECK(events_of(data, 1).empty());
        CHECK(events_of(data, 2) == std::vector<StepEvent>{{6, 4}, {6, 5}});
        CHECK(data.recordings.label(0) == 1);
        CHECK(data.recordings.label(2) == 2);
      }
}

TEST_CASE("a file of more recordings than are read at once keeps their order") {
  const TemporaryFolder folder;
  EventFileContent content = EventFileContent::empty();
  for (std::int64_t i = 0; i < 600; ++i)
    content.add({0.125 * static_cast<double>(i % 8)}, {i % 10}, i % 3);
  write_event_file(folder.path() / "a.h5", content);
  const HeldRecordings data = load_event_file(folder.path() / "a.h5", kOptions);
  REQUIRE(data.recordings.size() == 600);
  for (std::int64_t i = 0; i < 600; ++i) {
    CHECK(data.recordings.label(i) == i % 3);
    CHECK(events_of(data, i) == std::vector<StepEvent>{{static_cast<std::uint16_t>(i % 8),
                                                        static_cast<std::uint16_t>(i % 10)}});
  }
}

TEST_CASE("neighbouring channels are joined, and their repeats merged") {
  const TemporaryFolder folder;
  write_event_file(folder.path() / "a.h5", {});
  EventFileOptions options = kOptions;
  options.coarsen = 5;
  const HeldRecordings data = load_event_file(folder.path() / "a.h5", options);
  CHECK(data.recordings.neurons() == 2);
  CHECK(events_of(data, 0) == std::vector<StepEvent>{{0, 1}, {2, 0}, {4, 0}});
  options.coarsen = 0;
  CHECK_THROWS_AS(load_event_file(folder.path() / "a.h5", options), ShapeError);
}

TEST_CASE("times that are not finite or before 0 are dropped and counted, or errors when strict") {
  const TemporaryFolder folder;
  EventFileContent content;
  content.times[0][1] = std::numeric_limits<double>::infinity();
  content.times[2] = {std::numeric_limits<double>::quiet_NaN(), -0.25};
  write_event_file(folder.path() / "a.h5", content, float16());
  EventFileOptions options = kOptions;
  const HeldRecordings data = load_event_file(folder.path() / "a.h5", options);
  CHECK(data.report.bad_time == 2);
  CHECK(data.report.early == 1);
  CHECK(data.report.kept == 2);
  options.strict = true;
  CHECK_THROWS_WITH_AS(load_event_file(folder.path() / "a.h5", options),
                       Contains("recording 0, 1 have no finite time and 0 come before 0 s"),
                       DataError);
  content.times[0][1] = -1e-3;
  write_event_file(folder.path() / "a.h5", content);
  CHECK_THROWS_WITH_AS(load_event_file(folder.path() / "a.h5", options),
                       Contains("recording 0, 0 have no finite time and 1 come before 0 s"),
                       DataError);
}

TEST_CASE("files that are missing, broken or of another layout are errors that say so") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.h5";
  CHECK_THROWS_WITH_AS(load_event_file(path), Contains("no such file"), DataError);
  std::ofstream(path) << "not HDF5";
  CHECK_THROWS_WITH_AS(load_event_file(path), Contains("Is it whole?"), DataError);
  { const H5::H5File empty(path.string(), H5F_ACC_TRUNC); }
  CHECK_THROWS_WITH_AS(load_event_file(path), Contains("expected an HDF5 file with"), DataError);
  EventFileContent content;
  content.units[2].pop_back();
  write_event_file(path, content);
  CHECK_THROWS_WITH_AS(
      load_event_file(path, kOptions), Contains("recording 2 has 2 times but 1 units"), DataError);
  content = {};
  content.labels[1] = 3;
  write_event_file(path, content);
  CHECK_THROWS_WITH_AS(
      load_event_file(path, kOptions), Contains("recording 1 has label 3"), DataError);
  content = {};
  content.labels.pop_back();
  write_event_file(path, content);
  CHECK_THROWS_WITH_AS(load_event_file(path, kOptions), Contains("2 labels"), DataError);
  write_event_file(path, {});
  fs::resize_file(path, fs::file_size(path) / 2);
  CHECK_THROWS_AS(load_event_file(path, kOptions), DataError);
}

TEST_CASE("a file that claims more values than it holds is refused before memory is asked for") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.h5";
  for (const char* item : {"labels", "spikes/times", "spikes/units"}) {
    CAPTURE(item);
    write_event_file(path, {});
    {
      H5::H5File file(path.string(), H5F_ACC_RDWR);
      const H5::DataType type = file.openDataSet(item).getDataType();
      file.unlink(item);
      const hsize_t claimed = hsize_t{1} << 40;
      const hsize_t chunk = 1;
      H5::DSetCreatPropList properties;
      properties.setChunk(1, &chunk);
      file.createDataSet(item, type, H5::DataSpace(1, &claimed), properties);
    }
    CHECK_THROWS_WITH_AS(load_event_file(path, kOptions),
                         Contains("claims more values than the file holds"),
                         DataError);
  }
}

TEST_CASE("numbers of units at the end of the range are errors, not overflows") {
  const TemporaryFolder folder;
  write_event_file(folder.path() / "a.h5", {});
  EventFileOptions options = kOptions;
  options.units = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t coarsen : {std::int64_t{1}, std::int64_t{2}}) {
    options.coarsen = coarsen;
    CHECK_THROWS_AS(load_event_file(folder.path() / "a.h5", options), ShapeError);
  }
  options.coarsen = options.units;
  CHECK(load_event_file(folder.path() / "a.h5", options).recordings.neurons() == 1);
}

TEST_CASE("both spellings of the file names are found") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(find_event_file(folder.path(), "shd", "train"),
                       Contains("shd_train.h5 and train_shd.h5"),
                       DataError);
  write_event_file(folder.path() / "train_shd.h5", {});
  CHECK(find_event_file(folder.path(), "shd", "train").filename() == "train_shd.h5");
  write_event_file(folder.path() / "shd_train.h5", {});
  CHECK(find_event_file(folder.path(), "shd", "train").filename() == "shd_train.h5");
}
