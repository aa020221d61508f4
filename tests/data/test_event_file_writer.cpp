#include "data/event_file_writer.hpp"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "data/event_file_reader.hpp"
#include "tests/temporary_folder.hpp"

using namespace spiketape;
using doctest::Contains;
using spiketape::testing::TemporaryFolder;
namespace fs = std::filesystem;

TEST_CASE("lists of any length come back, and never need more space than was set aside") {
  const TemporaryFolder folder;
  // HDF5's heaps have 4,096 bytes at least, and 16 of bookkeeping a list.
  for (const std::vector<std::size_t>& lengths : {std::vector<std::size_t>{},
                                                  std::vector<std::size_t>{0, 0},
                                                  std::vector<std::size_t>(300, 1),
                                                  std::vector<std::size_t>(300, 509),
                                                  std::vector<std::size_t>(300, 513),
                                                  std::vector<std::size_t>(300, 1010),
                                                  std::vector<std::size_t>(300, 1021),
                                                  std::vector<std::size_t>{1021, 3, 0, 70000, 2},
                                                  std::vector<std::size_t>(40, 4000)}) {
    const std::size_t events = std::accumulate(lengths.begin(), lengths.end(), std::size_t{0});
    CAPTURE(lengths.size());
    CAPTURE(events);
    const fs::path path = folder / "a.h5";
    EventFileWriter writer(path, "test", std::ssize(lengths), static_cast<std::int64_t>(events));
    const std::uintmax_t set_aside = fs::file_size(folder / "a.h5.partial");
    std::vector<float> times;
    std::vector<std::int32_t> units;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      times.assign(lengths[i], 0.25f * static_cast<float>(i));
      units.resize(lengths[i]);
      std::iota(units.begin(), units.end(), static_cast<std::int32_t>(i));
      writer.append(times, units, static_cast<std::int32_t>(i));
    }
    CHECK(fs::file_size(folder / "a.h5.partial") <= set_aside);
    writer.finish();
    CHECK(fs::file_size(path) <= set_aside);
    CHECK_FALSE(fs::exists(folder / "a.h5.partial"));

    const EventFileReader reader(path);
    REQUIRE(reader.size() == std::ssize(lengths));
    CHECK(reader.most_events() >= static_cast<std::int64_t>(events));
    for (std::int64_t i = 0; i < reader.size(); ++i)
      reader.read(i, 1, [&](std::int64_t at, auto seconds, auto numbers) {
        REQUIRE(seconds.size() == lengths[static_cast<std::size_t>(at)]);
        bool same = true;
        for (std::size_t e = 0; e < seconds.size(); ++e)
          same = same && seconds[e] == 0.25 * static_cast<double>(at) &&
                 numbers[e] == at + static_cast<std::int64_t>(e);
        CHECK(same);
        CHECK(reader.labels()[static_cast<std::size_t>(at)] == at);
      });
  }
}

TEST_CASE("lists that do not fit and files that miss some are errors, and leave nothing behind") {
  const TemporaryFolder folder;
  const std::vector<float> times(2);
  const std::vector<std::int32_t> units(2);
  {
    EventFileWriter writer(folder / "a.h5", "test", 2, 10);
    CHECK_THROWS_WITH_AS(writer.append(times, std::span(units).first(1), 0),
                         Contains("recording 0 has 2 times but 1 units"),
                         DataError);
    writer.append(times, units, 0);
    CHECK_THROWS_WITH_AS(writer.finish(), Contains("expected 2 recordings, got 1"), DataError);
    writer.append(times, units, 1);
    CHECK_THROWS_WITH_AS(
        writer.append(times, units, 2), Contains("expected 2 recordings, got one more"), DataError);
  }
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a target that is a folder or lies in none is an error that names it") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(
      EventFileWriter(folder.path(), "test", 1, 1), Contains("is a folder"), DataError);
  CHECK_THROWS_WITH_AS(EventFileWriter(folder / "none" / "a.h5", "test", 1, 1),
                       Contains("a.h5: cannot write"),
                       DataError);
}

TEST_CASE("a file that two writers want at once is refused to the second") {
  const TemporaryFolder folder;
  const EventFileWriter first(folder / "a.h5", "test", 1, 1);
  CHECK_THROWS_WITH_AS(
      EventFileWriter(folder / "a.h5", "test", 1, 1), Contains("another program"), DataError);
  CHECK(std::filesystem::exists(folder / "a.h5.partial"));  // it is the first's
}
