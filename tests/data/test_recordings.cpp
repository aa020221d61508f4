#include "data/recordings.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "core/memory.hpp"
#include "data/event_file.hpp"
#include "data/loader.hpp"
#include "data/nmnist.hpp"
#include "data/nmnist_convert.hpp"
#include "layers/checkpoint.hpp"
#include "tests/data/event_files.hpp"
#include "tests/data/nmnist_files.hpp"
#include "tests/data/same_events.hpp"

using namespace spiketape;
using doctest::Contains;
using spiketape::testing::check_same;
using spiketape::testing::EventFileContent;
using spiketape::testing::TemporaryFolder;
using spiketape::testing::write_event_file;
using spiketape::testing::write_recording;
using spiketape::testing::write_small_nmnist;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;

/// Recordings of one event each that say how many they might have.
class Claimed : public Recordings {
 public:
  Claimed(std::int64_t size, std::int64_t most_events) : size_(size), most_events_(most_events) {}

  std::int64_t size() const override { return size_; }
  std::int64_t steps() const override { return 10; }
  std::int64_t neurons() const override { return 4; }
  std::int64_t classes() const override { return 2; }
  std::int32_t label(std::int64_t recording) const override {
    return static_cast<std::int32_t>(recording % 2);
  }
  std::int64_t most_events() const override { return most_events_; }
  void read(std::int64_t first,
            std::span<std::vector<StepEvent>> events,
            BinningReport& report) const override {
    for (std::size_t i = 0; i < events.size(); ++i)
      events[i] = {{static_cast<std::uint16_t>((first + static_cast<std::int64_t>(i)) % 10), 3}};
    report.recordings += std::ssize(events);
    report.kept += std::ssize(events);
    report.bad_time += std::ssize(events);
  }

 private:
  std::int64_t size_;
  std::int64_t most_events_;
};

bool is_held(const KeptRecordings& kept) {
  return dynamic_cast<const EventDataset*>(kept.dataset.get()) != nullptr;
}

/// A small N-MNIST as a folder and as a file.
struct SmallNmnist {
  SmallNmnist() {
    write_small_nmnist(folder / "set", 40, 1);
    convert_nmnist({folder / "set" / "Train", folder / "a.h5"});
  }
  std::unique_ptr<const Recordings> of_folder() const {
    return std::make_unique<NmnistFolder>(folder / "set" / "Train");
  }
  std::unique_ptr<const Recordings> of_file() const {
    return std::make_unique<EventFileRecordings>(folder / "a.h5", nmnist_event_file());
  }
  TemporaryFolder folder;
};

}  // namespace

TEST_CASE("streamed recordings have the events of held ones, from a folder and from a file") {
  const SmallNmnist set;
  const HeldRecordings held = hold(*set.of_folder());
  check_same(held.recordings, StreamedDataset(set.of_folder()));
  check_same(held.recordings, StreamedDataset(set.of_file()));
  check_same(held.recordings, hold(*set.of_file()).recordings);
  CHECK_THROWS_AS(StreamedDataset(set.of_file()).label(40), DataError);
}

TEST_CASE("held recordings take a few bytes an event") {
  const SmallNmnist set;
  const auto before = memory_use(kCpu, MemoryTag::data).current;
  const HeldRecordings held = hold(*set.of_folder());
  const auto bytes = static_cast<std::int64_t>(memory_use(kCpu, MemoryTag::data).current - before);
  CHECK(bytes >= 4 * held.recordings.event_count());
  CHECK(bytes <= 8 * held.recordings.event_count() + 16384);
}

TEST_CASE("the budget decides between held and streamed, and the remark says so") {
  // 4 bytes an event and 16 a recording: exactly one MiB, and a byte's worth more.
  const std::int64_t fits = (kMebibyte - 16 * 3) / 4;
  MemoryBudget one(1);
  const KeptRecordings held = keep(std::make_unique<Claimed>(3, fits), one);
  CHECK(is_held(held));
  CHECK(one.left() == 0);
  CHECK(held.remark == "3 recordings, 3 events; 3 had no finite time and were dropped");

  MemoryBudget again(1);
  const KeptRecordings streamed = keep(std::make_unique<Claimed>(3, fits + 1), again);
  CHECK_FALSE(is_held(streamed));
  CHECK(again.left() == kMebibyte);  // what did not fit takes nothing from what comes after
  CHECK(streamed.remark ==
        "3 recordings, 3 events; 3 had no finite time and were dropped; streamed: held they could "
        "take 2 MiB, and 1 MiB are left of memory_mib");
  check_same(*held.dataset, *streamed.dataset);
}

TEST_CASE("a set takes what it needs from the budget, and the next gets what is left") {
  MemoryBudget budget(2);
  CHECK(is_held(keep(std::make_unique<Claimed>(1, 300000), budget)));
  CHECK_FALSE(is_held(keep(std::make_unique<Claimed>(1, 300000), budget)));
  CHECK(is_held(keep(std::make_unique<Claimed>(1, 100000), budget)));
}

TEST_CASE("a budget of 0 is half of the machine's memory; others are whole MiB in range") {
  CHECK(machine_memory() > kMebibyte);
  CHECK(MemoryBudget(0).left() == machine_memory() / 2);
  CHECK(MemoryBudget(3).left() == 3 * kMebibyte);
  for (const std::int64_t wrong : {std::int64_t{-1}, std::numeric_limits<std::int64_t>::max()})
    CHECK_THROWS_WITH_AS(MemoryBudget{wrong}, Contains("memory_mib: expected MiB"), DataError);
}

TEST_CASE("a broken recording is an error before training begins, held or streamed") {
  const TemporaryFolder folder;
  write_small_nmnist(folder / "set", 1, 1, 300000);
  write_recording(folder / "set" / "Train" / "9" / "00009.bin", {1, 2, 3});
  for (const std::int64_t mebibytes : {1, 100}) {
    MemoryBudget budget(mebibytes);
    CHECK_THROWS_WITH_AS(keep(std::make_unique<NmnistFolder>(folder / "set" / "Train"), budget),
                         Contains("00009.bin"),
                         DataError);
  }
}

TEST_CASE("a strict file with a time that is not finite is an error when it is streamed, too") {
  const TemporaryFolder folder;
  EventFileContent content;
  content.times[2][0] = std::numeric_limits<double>::quiet_NaN();
  content.add(std::vector<double>(300000, 0.5), std::vector<std::int64_t>(300000, 1), 0);
  write_event_file(folder / "a.h5", content);
  EventFileOptions options{.units = 10, .classes = 3};
  MemoryBudget budget(1);
  const KeptRecordings kept =
      keep(std::make_unique<EventFileRecordings>(folder / "a.h5", options), budget);
  CHECK_FALSE(is_held(kept));
  CHECK(kept.remark.find("; 1 had no finite time and were dropped; ") != std::string::npos);
  options.strict = true;
  CHECK_THROWS_WITH_AS(
      keep(std::make_unique<EventFileRecordings>(folder / "a.h5", options), budget),
      Contains("recording 2, 1 have no finite time"),
      DataError);
}

// As in training: the loader's thread reads recordings while this one saves and loads checkpoints.
TEST_CASE("recordings are streamed by the loader's thread while checkpoints are saved") {
  const SmallNmnist set;
  const HeldRecordings held = hold(*set.of_folder());
  const StreamedDataset streamed(set.of_file());
  Checkpoint checkpoint;
  checkpoint.parameters.push_back({"fc1/weight", Tensor({30, 20})});
  checkpoint.attributes["config"] = std::string("recipe = \"nmnist\"\n");
  Loader from_disk(streamed, {.batch = 4, .seed = 3, .prefetch = 8});
  Loader from_memory(held.recordings, {.batch = 4, .seed = 3, .prefetch = 0});
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    auto expected = from_memory.begin();
    for (const Batch& batch : from_disk) {
      checkpoint.batch = batch.index;
      save_checkpoint(set.folder / "checkpoint.h5", checkpoint);
      CHECK(load_checkpoint(set.folder / "checkpoint.h5").batch == batch.index);
      CHECK(batch.labels == expected->labels);
      const auto units = batch.spikes.event_units();
      const auto expected_units = expected->spikes.event_units();
      CHECK(std::equal(units.begin(), units.end(), expected_units.begin(), expected_units.end()));
      ++expected;
    }
    CHECK(expected == from_memory.end());
  }
}
