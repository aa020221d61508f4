#include "data/event_file_reader.hpp"

#include <atomic>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "core/error.hpp"
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

void put_format(const fs::path& path, std::int64_t format) {
  H5::H5File file(path.string(), H5F_ACC_RDWR);
  file.createAttribute("spiketape_format", H5::PredType::STD_I64LE, H5::DataSpace(H5S_SCALAR))
      .write(H5::PredType::NATIVE_INT64, &format);
}

/// Recordings whose length and numbers tell which they are.
EventFileContent numbered(std::int64_t recordings) {
  EventFileContent content = EventFileContent::empty();
  for (std::int64_t i = 0; i < recordings; ++i) {
    const auto events = static_cast<std::size_t>(i % 50);
    content.add(std::vector<double>(events, 0.125 * static_cast<double>(i)),
                std::vector<std::int64_t>(events, i),
                i % 3);
  }
  return content;
}

}  // namespace

TEST_CASE("times and units are read as they stand, with what lies beside them left alone") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.h5";
  EventFileContent content;
  content.times[0] = {-1.5, std::numeric_limits<double>::infinity(), 65504.0};
  content.units[0] = {-7, 1 << 20, 9};
  write_event_file(path, content, float16(), H5::PredType::STD_I32BE, true);
  { H5::H5File(path.string(), H5F_ACC_RDWR).createGroup("extra"); }
  const EventFileReader reader(path);
  CHECK(reader.size() == 3);
  CHECK(reader.path() == path.string());
  CHECK(reader.time_type() == "float16");
  CHECK(reader.unit_type() == "int32");
  CHECK(reader.format() == 0);
  CHECK(reader.source().empty());
  CHECK(reader.most_events() >= 5);
  std::int64_t visited = 0;
  reader.read(0, 3, [&](std::int64_t recording, auto times, auto units) {
    CHECK(recording == visited++);
    const auto at = static_cast<std::size_t>(recording);
    CHECK(std::vector<double>(times.begin(), times.end()) == content.times[at]);
    CHECK(std::vector<std::int64_t>(units.begin(), units.end()) == content.units[at]);
  });
  CHECK(visited == 3);
}

TEST_CASE("whole seconds and real unit numbers are numbers, too") {
  const TemporaryFolder folder;
  EventFileContent content;
  content.times = {{3, 2, 1}, {}, {0, 7}};
  write_event_file(folder / "a.h5", content, H5::PredType::STD_U8LE, H5::PredType::IEEE_F32LE);
  const EventFileReader reader(folder / "a.h5");
  CHECK(reader.time_type() == "uint8");
  CHECK(reader.unit_type() == "float32");
  reader.read(2, 1, [](std::int64_t, auto times, auto units) {
    CHECK(times[1] == 7.0);
    CHECK(units[1] == 5);
  });
}

TEST_CASE("a format that is newer than the program is refused, every older one is read") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.h5";
  for (std::int64_t format = 1; format <= kEventFileFormat; ++format) {
    write_event_file(path, {});
    put_format(path, format);
    CHECK(EventFileReader(path).format() == format);
  }
  for (const std::int64_t format : {kEventFileFormat + 1, std::int64_t{0}, std::int64_t{-1}}) {
    write_event_file(path, {});
    put_format(path, format);
    CHECK_THROWS_WITH_AS(EventFileReader{path}, Contains("use a newer spiketape"), DataError);
  }
}

TEST_CASE("lists that are not of numbers, or of no lists, are errors that name the item") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.h5";
  write_event_file(path, {});
  {
    H5::H5File file(path.string(), H5F_ACC_RDWR);
    file.unlink("spikes/units");
    const hsize_t count = 3;
    file.createDataSet("spikes/units", H5::PredType::STD_I32LE, H5::DataSpace(1, &count));
  }
  CHECK_THROWS_WITH_AS(EventFileReader{path},
                       Contains("spikes/units is no list of variable-length lists"),
                       DataError);
}

// HDF5 and its C++ objects are not made for several threads; Hdf5Section takes them in turn.
TEST_CASE("many threads read one file, and others, at the same time") {
  const TemporaryFolder folder;
  constexpr std::int64_t kRecordings = 60;
  write_event_file(folder / "a.h5", numbered(kRecordings), float16());
  const EventFileReader shared(folder / "a.h5");
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (std::int64_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::int64_t i = 0; i < 200; ++i) {
        const std::int64_t first = (7 * i + t) % (kRecordings - 2);
        const auto visit = [&](std::int64_t recording, auto times, auto units) {
          const auto length = static_cast<std::size_t>(recording % 50);
          if (times.size() != length || units.size() != length) ++wrong;
          for (std::size_t e = 0; e < times.size(); ++e)
            if (times[e] != 0.125 * static_cast<double>(recording) || units[e] != recording)
              ++wrong;
        };
        shared.read(first, 3, visit);
        if (i % 20 == 0) EventFileReader(folder / "a.h5").read(first, 1, visit);
        if (i % 20 == 10) {
          try {
            const EventFileReader none(folder.path());
            ++wrong;
          } catch (const DataError&) {  // an error of one thread is none of another
          }
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}
