#include "data/nmnist_convert.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/parallel.hpp"
#include "data/event_file_writer.hpp"
#include "data/nmnist.hpp"

namespace spiketape {
namespace {

namespace fs = std::filesystem;

/// Recordings that are in memory at once.
constexpr std::int64_t kChunk = 256;

/// One recording as it is written.
struct Lists {
  std::vector<float> seconds;
  std::vector<std::int32_t> units;
  std::int64_t outside = 0;
};

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool is_half(const fs::path& folder) {
  for (std::int64_t digit = 0; digit < kNmnistDigits; ++digit)
    if (is_folder(folder / std::to_string(digit))) return true;
  return false;
}

Lists read_lists(const fs::path& file) {
  Lists lists;
  const std::vector<NmnistEvent> events = read_nmnist(file);
  lists.seconds.reserve(events.size());
  lists.units.reserve(events.size());
  for (const NmnistEvent& event : events) {
    const std::int64_t unit = event.unit(true);
    if (unit < 0) {
      ++lists.outside;
      continue;
    }
    const auto seconds = static_cast<float>(static_cast<double>(event.microseconds) / 1e6);
    if (std::llround(static_cast<double>(seconds) * 1e6) != event.microseconds)
      throw DataError(fmt::format(
          "{}: an event comes after {:.6f} s; the float32 seconds of an event file tell "
          "microseconds apart only up to 16 s. N-MNIST's last 0.3 s: is the file one of it?",
          file.string(),
          static_cast<double>(event.microseconds) / 1e6));
    lists.seconds.push_back(seconds);
    lists.units.push_back(static_cast<std::int32_t>(unit));
  }
  return lists;
}

}  // namespace

std::vector<NmnistConversion> plan_nmnist_conversion(const fs::path& folder, const fs::path& out) {
  const bool whole = is_folder(folder / "Train") && is_folder(folder / "Test");
  if (!is_folder(out) && (!out.has_filename() || (whole && !out.has_extension())))
    throw DataError(fmt::format(
        "{}: no such folder; make it first, or name a file such as nmnist.h5", out.string()));
  if (whole) {
    const fs::path in = is_folder(out) ? out : out.parent_path();
    const std::string name = is_folder(out) ? "nmnist.h5" : out.filename().string();
    return {{folder / "Train", in / ("train_" + name)}, {folder / "Test", in / ("test_" + name)}};
  }
  if (!is_half(folder))
    throw DataError(fmt::format(
        "{}: is neither N-MNIST (the folders Train and Test) nor one half of it (a folder of .bin "
        "files for each digit 0 to 9)",
        folder.string()));
  if (is_folder(out))
    throw DataError(fmt::format("{}: is a folder; name the file that {} is to become, e.g. {}",
                                out.string(),
                                folder.string(),
                                (out / "train_nmnist.h5").string()));
  return {{folder, out}};
}

NmnistConverted convert_nmnist(const NmnistConversion& conversion,
                               const ConversionProgress& progress) {
  const NmnistFolder source(conversion.folder);
  EventFileWriter writer(conversion.file, "N-MNIST", source.size(), source.most_events());
  NmnistConverted converted;
  std::vector<Lists> lists;
  for (std::int64_t first = 0; first < source.size(); first += kChunk) {
    lists.resize(static_cast<std::size_t>(std::min(kChunk, source.size() - first)));
    parallel_for(std::ssize(lists), [&](std::int64_t i) {
      lists[static_cast<std::size_t>(i)] = read_lists(source.file(first + i));
    });
    for (const Lists& one : lists) {
      writer.append(one.seconds, one.units, source.label(converted.recordings));
      ++converted.recordings;
      converted.events += std::ssize(one.units);
      converted.outside += one.outside;
      if (progress) progress(converted.recordings, source.size());
    }
  }
  writer.finish();
  converted.bytes = static_cast<std::int64_t>(fs::file_size(conversion.file));
  return converted;
}

}  // namespace spiketape
