#include "core/hdf5_section.hpp"

#include <hdf5.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "data/event_file_reader.hpp"
#include "data/event_file_writer.hpp"
#include "layers/checkpoint.hpp"
#include "tests/temporary_folder.hpp"

using namespace spiketape;
using spiketape::testing::TemporaryFolder;

namespace {

/// Whether `task`, in a thread of its own, ends only after a section of this one has.
bool waits(const std::function<void()>& task) {
  std::atomic<bool> done{false};
  std::optional<Hdf5Section> section(std::in_place);
  std::thread other([&] {
    task();
    done = true;
  });
  // Too short a sleep could only let a wrong task pass, never fail a right one.
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  const bool waited = !done;
  section.reset();
  other.join();
  return waited && done;
}

}  // namespace

TEST_CASE("sections nest, and one thread at a time has one") {
  {
    const Hdf5Section outer;
    const Hdf5Section inner;
  }
  CHECK(waits([] { const Hdf5Section section; }));
}

TEST_CASE("HDF5 prints its errors again once the section has ended") {
  H5E_auto2_t before = nullptr, within = nullptr, after = nullptr;
  void* data = nullptr;
  H5Eget_auto2(H5E_DEFAULT, &before, &data);
  {
    const Hdf5Section section;
    const Hdf5Section nested;
    H5Eget_auto2(H5E_DEFAULT, &within, &data);
  }
  H5Eget_auto2(H5E_DEFAULT, &after, &data);
  CHECK((within == nullptr));
  CHECK((after == before));
}

TEST_CASE("whatever reads or writes an HDF5 file waits for the thread that does") {
  const TemporaryFolder folder;
  const std::vector<float> times{0.5f};
  const std::vector<std::int32_t> units{3};
  std::unique_ptr<EventFileWriter> writer;
  CHECK(waits([&] { writer = std::make_unique<EventFileWriter>(folder / "a.h5", "test", 1, 1); }));
  CHECK(waits([&] { writer->append(times, units, 0); }));
  CHECK(waits([&] { writer->finish(); }));
  CHECK(waits([&] { writer.reset(); }));
  std::unique_ptr<EventFileReader> reader;
  CHECK(waits([&] { reader = std::make_unique<EventFileReader>(folder / "a.h5"); }));
  CHECK(waits([&] { reader->read(0, 1, [](std::int64_t, auto, auto) {}); }));
  CHECK(waits([&] { reader.reset(); }));
  CHECK(waits([&] { save_checkpoint(folder / "c.h5", {}); }));
  CHECK(waits([&] { load_checkpoint(folder / "c.h5"); }));
}
