#include "data/nmnist.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/parallel.hpp"

namespace spiketape {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kEventBytes = 5;
constexpr std::uint8_t kOverflowRow = 240;
constexpr std::int64_t kOverflow = 1 << 13;  // microseconds
constexpr std::int64_t kDigits = 10;
/// Recordings that are read at once before they join the data set.
constexpr std::int64_t kChunk = 1024;

struct Recording {
  fs::path file;
  std::int32_t digit = 0;
};

std::vector<Recording> find_recordings(const fs::path& folder) {
  if (std::error_code error; !fs::is_directory(folder, error))
    throw DataError(fmt::format(
        "{}: no such folder; expected the folders Train and Test of N-MNIST (as its Train.zip and "
        "Test.zip unpack), with a folder of .bin files for each digit 0 to 9",
        folder.string()));
  std::vector<Recording> found;
  for (std::int32_t digit = 0; digit < kDigits; ++digit) {
    const fs::path of_digit = folder / std::to_string(digit);
    if (std::error_code error; !fs::is_directory(of_digit, error)) continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(of_digit))
      if (entry.path().extension() == ".bin") found.push_back({entry.path(), digit});
  }
  if (found.empty())
    throw DataError(
        fmt::format("{}: no recordings; expected files such as 0/00002.bin", folder.string()));
  std::sort(found.begin(), found.end(), [](const Recording& a, const Recording& b) {
    return std::pair(a.file.filename(), a.digit) < std::pair(b.file.filename(), b.digit);
  });
  return found;
}

/// Bins one file; the events of pixels that the camera does not have are counted as bad units.
std::vector<StepEvent> bin_recording(const Recording& recording,
                                     const NmnistOptions& options,
                                     BinningReport& report) {
  Binner binner(options.binning, options.split_polarity ? 2 * kNmnistPixels : kNmnistPixels);
  for (const NmnistEvent& event : read_nmnist(recording.file)) {
    const bool inside = event.x < kNmnistSide && event.y < kNmnistSide;
    const std::int64_t pixel = inside ? event.x + kNmnistSide * event.y : -1;
    const bool shift = inside && options.split_polarity && event.on;
    binner.add(static_cast<double>(event.microseconds) * 1e-6, pixel + (shift ? kNmnistPixels : 0));
  }
  const auto events = binner.finish();
  report = binner.report();
  return {events.begin(), events.end()};
}

}  // namespace

std::vector<NmnistEvent> read_nmnist(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<std::uint8_t> bytes((std::istreambuf_iterator<char>(in)),
                                  std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof())
    throw DataError(fmt::format("{}: cannot be read; is it there and readable?", file.string()));
  if (bytes.size() % kEventBytes != 0)
    throw DataError(fmt::format(
        "{}: {} bytes; expected a multiple of {}, the bytes of an event. The file is cut off: copy "
        "or unpack it again",
        file.string(),
        bytes.size(),
        kEventBytes));
  std::vector<NmnistEvent> events;
  events.reserve(bytes.size() / kEventBytes);
  std::int64_t offset = 0;
  for (std::size_t at = 0; at < bytes.size(); at += kEventBytes) {
    const std::uint8_t* const b = bytes.data() + at;
    if (b[1] == kOverflowRow) {
      offset += kOverflow;
      continue;
    }
    const std::int64_t time = (b[2] & 0x7f) << 16 | b[3] << 8 | b[4];
    events.push_back({b[0], b[1], (b[2] & 0x80) != 0, offset + time});
  }
  return events;
}

NmnistData load_nmnist(const fs::path& folder, const NmnistOptions& options) {
  const std::vector<Recording> found = find_recordings(folder);
  const std::int64_t units = options.split_polarity ? 2 * kNmnistPixels : kNmnistPixels;
  NmnistData data{EventDataset(options.binning.steps, units, kDigits), {}};
  const auto all = static_cast<std::int64_t>(found.size());
  for (std::int64_t first = 0; first < all; first += kChunk) {
    const std::int64_t count = std::min(kChunk, all - first);
    std::vector<std::vector<StepEvent>> binned(static_cast<std::size_t>(count));
    std::vector<BinningReport> reports(static_cast<std::size_t>(count));
    parallel_for(count, [&](std::int64_t i) {
      const auto at = static_cast<std::size_t>(i);
      binned[at] = bin_recording(found[static_cast<std::size_t>(first + i)], options, reports[at]);
    });
    for (std::int64_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      data.recordings.append(binned[at], found[static_cast<std::size_t>(first + i)].digit);
      data.report += reports[at];
    }
  }
  return data;
}

}  // namespace spiketape
