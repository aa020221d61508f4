#include "data/nmnist_convert.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "data/nmnist.hpp"
#include "tests/core/full_disk.hpp"
#include "tests/data/nmnist_files.hpp"
#include "tests/data/same_events.hpp"

using namespace spiketape;
using doctest::Contains;
using spiketape::testing::Bytes;
using spiketape::testing::check_same;
using spiketape::testing::FullDisk;
using spiketape::testing::put;
using spiketape::testing::read_plain;
using spiketape::testing::TemporaryFolder;
using spiketape::testing::write_plain;
using spiketape::testing::write_recording;
using spiketape::testing::write_small_nmnist;
namespace fs = std::filesystem;

namespace {

/// The half Train of a small data set, to be converted.
struct Half {
  explicit Half(int recordings = 12) { write_small_nmnist(folder / "set", recordings, 1); }

  NmnistConversion conversion() const { return {folder / "set" / "Train", folder / "out.h5"}; }

  TemporaryFolder folder;
};

void check_same_events(const HeldRecordings& one, const HeldRecordings& other) {
  check_same(one.recordings, other.recordings);
  CHECK(one.report.kept > 0);
  CHECK(one.report.kept == other.report.kept);
  CHECK(one.report.merged == other.report.merged);
  CHECK(one.report.late == other.report.late);
}

}  // namespace

TEST_CASE("a converted file holds units x + 34 y + 1156 p, float32 seconds and labels") {
  const TemporaryFolder folder;
  Bytes first;
  put(first, 3, 2, true, 1500);
  put(first, 34, 2, false, 1700);  // no such pixel
  put(first, 0, 240, false, 0);
  put(first, 33, 33, false, 7);
  write_recording(folder / "in" / "7" / "00001.bin", first);
  write_recording(folder / "in" / "0" / "00002.bin", {});
  const NmnistConverted converted = convert_nmnist({folder / "in", folder / "out.h5"});
  CHECK(converted.recordings == 2);
  CHECK(converted.events == 2);
  CHECK(converted.outside == 1);
  CHECK(converted.bytes == static_cast<std::int64_t>(fs::file_size(folder / "out.h5")));

  const EventFileReader reader(folder / "out.h5");
  CHECK(reader.labels() == std::vector<std::int64_t>{7, 0});
  CHECK(reader.time_type() == "float32");
  CHECK(reader.unit_type() == "int32");
  CHECK(reader.format() == 1);
  CHECK(reader.source() == "N-MNIST");
  reader.read(
      0,
      2,
      [](std::int64_t recording, std::span<const double> times, std::span<const std::int64_t> ids) {
        REQUIRE(times.size() == (recording == 0 ? 2 : 0));
        if (times.empty()) return;
        CHECK(ids[0] == 3 + 34 * 2 + 1156);
        CHECK(ids[1] == 33 + 34 * 33);
        CHECK(times[0] == static_cast<double>(0.0015f));
        CHECK(times[1] == static_cast<double>(0.008199f));
      });
}

TEST_CASE("a converted file gives the events of its folder, however they are binned") {
  const Half half(300);  // more than are read at once
  convert_nmnist(half.conversion());
  for (const bool split : {false, true})
    for (const bool merge : {true, false})
      for (const double dt : {1e-3, 7e-4, 2.5e-6}) {
        CAPTURE(split);
        CAPTURE(merge);
        CAPTURE(dt);
        const NmnistOptions options{.binning = {.dt = dt, .merge_repeats = merge},
                                    .split_polarity = split};
        check_same_events(load_nmnist(half.conversion().folder, options),
                          load_event_file(half.conversion().file, nmnist_event_file(options)));
      }
}

TEST_CASE("conversion tells its progress and gives the same bytes again") {
  const Half half;
  std::vector<std::int64_t> told;
  convert_nmnist(half.conversion(), [&](std::int64_t done, std::int64_t recordings) {
    CHECK(recordings == 12);
    told.push_back(done);
  });
  CHECK(told == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const Bytes bytes = read_plain(half.conversion().file);
  convert_nmnist(half.conversion());
  CHECK(bytes == read_plain(half.conversion().file));
}

TEST_CASE("a conversion that fails leaves the file that was there, and nothing beside it") {
  const Half half;
  const fs::path out = half.conversion().file;
  const auto check_unchanged = [&] {
    CHECK(read_plain(out) == Bytes{1, 2, 3});
    CHECK_FALSE(fs::exists(half.folder / "out.h5.partial"));
  };
  write_plain(out, {1, 2, 3});
  SUBCASE("because it is stopped") {
    CHECK_THROWS_AS(convert_nmnist(half.conversion(),
                                   [](std::int64_t done, std::int64_t) {
                                     if (done == 5) throw 5;
                                   }),
                    int);
    check_unchanged();
  }
  SUBCASE("because the disk is full") {
    {
      const FullDisk full(20000);
      CHECK_THROWS_WITH_AS(
          convert_nmnist(half.conversion()), Contains("out.h5: cannot write"), DataError);
    }
    check_unchanged();
  }
  SUBCASE("because a recording is cut off") {
    write_recording(half.conversion().folder / "3" / "00099.bin", {1, 2, 3, 4});
    CHECK_THROWS_WITH_AS(convert_nmnist(half.conversion()), Contains("00099.bin"), DataError);
    check_unchanged();
  }
  convert_nmnist({half.folder / "set" / "Test", out});  // what was wrong does not stay
  CHECK(EventFileReader(out).size() == 1);
}

TEST_CASE("an event so late that float32 seconds lose its microsecond is an error") {
  const TemporaryFolder folder;
  Bytes bytes;
  put(bytes, 0, 240, false, 0);
  for (std::uint32_t overflow = 1; overflow < 1900; ++overflow) put(bytes, 0, 240, false, 0);
  put(bytes, 1, 1, false, 1);  // 15.564801 s
  const fs::path file = folder / "in" / "1" / "00001.bin";
  write_recording(file, bytes);
  const NmnistConversion conversion{folder / "in", folder / "out.h5"};
  convert_nmnist(conversion);
  const NmnistOptions options{.binning = {.dt = 1e-6 * 400, .steps = 40000}};
  check_same_events(load_nmnist(conversion.folder, options),
                    load_event_file(conversion.file, nmnist_event_file(options)));
  put(bytes, 1, 1, false, 2000000);  // 17.5648 s is a float32 step of 2 us away from the next
  put(bytes, 1, 1, false, 2000001);
  write_recording(file, bytes);
  CHECK_THROWS_WITH_AS(
      convert_nmnist(conversion), Contains("00001.bin: an event comes after"), DataError);
}

TEST_CASE("a whole data set becomes two files, a half becomes one") {
  const TemporaryFolder folder;
  write_small_nmnist(folder / "set", 1, 1, 1);
  const auto check_plan = [](const std::vector<NmnistConversion>& plan,
                             const std::vector<fs::path>& files) {
    REQUIRE(plan.size() == files.size());
    for (std::size_t i = 0; i < plan.size(); ++i) CHECK(plan[i].file == files[i]);
  };
  const auto named = plan_nmnist_conversion(folder / "set", folder / "a.h5");
  check_plan(named, {folder / "train_a.h5", folder / "test_a.h5"});
  CHECK(named[0].folder == folder / "set" / "Train");
  CHECK(named[1].folder == folder / "set" / "Test");
  check_plan(plan_nmnist_conversion(folder / "set", folder.path()),
             {folder / "train_nmnist.h5", folder / "test_nmnist.h5"});
  check_plan(plan_nmnist_conversion(folder / "set" / "Test", folder / "a.h5"), {folder / "a.h5"});
}

TEST_CASE("a folder that is no N-MNIST, and a target that cannot be, are errors that say so") {
  const TemporaryFolder folder;
  write_small_nmnist(folder / "set", 1, 1, 1);
  CHECK_THROWS_WITH_AS(plan_nmnist_conversion(folder.path(), folder / "a.h5"),
                       Contains("is neither N-MNIST"),
                       DataError);
  CHECK_THROWS_WITH_AS(plan_nmnist_conversion(folder / "set" / "Train", folder.path()),
                       Contains("is a folder; name the file"),
                       DataError);
  for (const char* missing : {"none", "none/"})
    CHECK_THROWS_WITH_AS(plan_nmnist_conversion(folder / "set", folder / missing),
                         Contains((std::string(missing) + ": no such folder").c_str()),
                         DataError);
  CHECK_THROWS_WITH_AS(convert_nmnist({folder / "set" / "Train", folder / "none" / "a.h5"}),
                       Contains("No such file or directory"),
                       DataError);
}
