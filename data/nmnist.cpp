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

/// Whether a digit's folder holds a recording; looks no further than the first.
bool holds_recordings(const fs::path& half) {
  for (std::int32_t digit = 0; digit < kNmnistDigits; ++digit) {
    std::error_code error;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(half / std::to_string(digit), error))
      if (entry.path().extension() == ".bin") return true;
  }
  return false;
}

}  // namespace

std::vector<NmnistEvent> read_nmnist(const fs::path& file) {
  std::vector<std::uint8_t> bytes;
  bool readable = !fs::is_directory(file);
  try {
    std::ifstream in(file, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    readable = readable && !in.bad() && (in.is_open() || in.eof());
  } catch (const std::ios_base::failure&) {  // libstdc++ throws when the system cannot read
    readable = false;
  }
  if (!readable)
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

std::int64_t NmnistEvent::unit(bool split_polarity) const {
  if (x >= kNmnistSide || y >= kNmnistSide) return -1;
  return x + kNmnistSide * y + (split_polarity && on ? kNmnistPixels : 0);
}

NmnistFolder::NmnistFolder(const fs::path& folder, const NmnistOptions& options)
    : options_(options) {
  const Binner checked(options.binning, neurons());
  if (std::error_code error; !fs::is_directory(folder, error))
    throw DataError(fmt::format(
        "{}: no such folder; expected the folders Train and Test of N-MNIST (as its Train.zip and "
        "Test.zip unpack), with a folder of .bin files for each digit 0 to 9",
        folder.string()));
  std::uintmax_t bytes = 0;
  for (std::int32_t digit = 0; digit < kNmnistDigits; ++digit) {
    const fs::path of_digit = folder / std::to_string(digit);
    if (std::error_code error; !fs::is_directory(of_digit, error)) continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(of_digit)) {
      if (entry.path().extension() != ".bin") continue;
      recordings_.push_back({entry.path(), digit});
      std::error_code error;  // what is wrong with the file, reading it will tell
      const std::uintmax_t size = entry.file_size(error);
      if (!error) bytes += size;
    }
  }
  if (recordings_.empty())
    throw DataError(
        fmt::format("{}: no recordings; expected files such as 0/00002.bin", folder.string()));
  std::sort(recordings_.begin(), recordings_.end(), [](const Recording& a, const Recording& b) {
    return std::pair(a.file.filename(), a.digit) < std::pair(b.file.filename(), b.digit);
  });
  most_events_ = static_cast<std::int64_t>(bytes / kEventBytes);
}

std::int64_t NmnistFolder::neurons() const {
  return options_.split_polarity ? 2 * kNmnistPixels : kNmnistPixels;
}

std::int32_t NmnistFolder::label(std::int64_t recording) const {
  return recordings_[static_cast<std::size_t>(recording)].digit;
}

const fs::path& NmnistFolder::file(std::int64_t recording) const {
  return recordings_[static_cast<std::size_t>(recording)].file;
}

std::vector<StepEvent> NmnistFolder::bin(const fs::path& file, BinningReport& report) const {
  Binner binner(options_.binning, neurons());
  for (const NmnistEvent& event : read_nmnist(file))
    binner.add_microseconds(event.microseconds, event.unit(options_.split_polarity));
  const auto events = binner.finish();
  report = binner.report();
  return {events.begin(), events.end()};
}

void NmnistFolder::read(std::int64_t first,
                        std::span<std::vector<StepEvent>> events,
                        BinningReport& report) const {
  std::vector<BinningReport> reports(events.size());
  parallel_for(static_cast<std::int64_t>(events.size()), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    events[at] = bin(file(first + i), reports[at]);
  });
  for (const BinningReport& one : reports) report += one;
}

HeldRecordings load_nmnist(const fs::path& folder, const NmnistOptions& options) {
  return hold(NmnistFolder(folder, options));
}

EventFileOptions nmnist_event_file(const NmnistOptions& options) {
  return {.binning = options.binning,
          .units = 2 * kNmnistPixels,
          .fold = options.split_polarity ? 0 : kNmnistPixels,
          .classes = kNmnistDigits,
          .strict = options.strict,
          .microsecond_clock = true};
}

std::unique_ptr<const Recordings> open_nmnist(const fs::path& folder,
                                              std::string_view part,
                                              const NmnistOptions& options) {
  const fs::path half = folder / (part == "train" ? "Train" : "Test");
  if (holds_recordings(half)) return std::make_unique<NmnistFolder>(half, options);
  fs::path file;
  try {
    file = find_event_file(folder, "nmnist", part);
  } catch (const DataError&) {
    std::error_code error;
    throw DataError(fmt::format(
        "{}: no N-MNIST; expected the folders Train and Test (as Train.zip and Test.zip unpack), "
        "or nmnist_train.h5 and nmnist_test.h5, also spelled train_nmnist.h5 (spiketape convert "
        "nmnist); the half '{}' is in neither form{}",
        folder.string(),
        part,
        fs::is_directory(half, error) ? ", since " + half.string() + " holds no recording" : ""));
  }
  return std::make_unique<EventFileRecordings>(file, nmnist_event_file(options));
}

}  // namespace spiketape
