#include "data/event_file.hpp"

#include <array>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

namespace fs = std::filesystem;

/// Channels that the options leave of the sensor's units.
std::int64_t count_channels(const EventFileOptions& options) {
  if (options.fold < 0 || options.fold > options.units)
    throw ShapeError(fmt::format(
        "event file: expected to fold at 1 to {} units, got {}", options.units, options.fold));
  const std::int64_t folded = options.fold > 0 ? options.fold : options.units;
  if (options.coarsen < 1 || options.coarsen > folded)
    throw ShapeError(
        fmt::format("event file: expected to join 1 to {} units, got {}", folded, options.coarsen));
  return (folded - 1) / options.coarsen + 1;
}

/// Longer ones cannot be counted in microseconds; they are late or bad as they are.
constexpr double kLongestClock = 1e9;  // seconds

}  // namespace

EventFileRecordings::EventFileRecordings(const fs::path& file, const EventFileOptions& options)
    : options_(options), channels_(count_channels(options)), reader_(file) {
  const Binner checked(options.binning, channels_);
  for (std::int64_t i = 0; i < size(); ++i) {
    const std::int64_t label = reader_.labels()[static_cast<std::size_t>(i)];
    if (label < 0 || label >= options.classes)
      throw DataError(fmt::format("{}: recording {} has label {}; expected 0 to {}",
                                  reader_.path(),
                                  i,
                                  label,
                                  options.classes - 1));
  }
}

std::int32_t EventFileRecordings::label(std::int64_t recording) const {
  return static_cast<std::int32_t>(reader_.labels()[static_cast<std::size_t>(recording)]);
}

std::int64_t EventFileRecordings::channel(std::int64_t unit) const {
  if (unit < 0 || unit >= options_.units) return -1;
  return (options_.fold > 0 ? unit % options_.fold : unit) / options_.coarsen;
}

void EventFileRecordings::read(std::int64_t first,
                               std::span<std::vector<StepEvent>> events,
                               BinningReport& report) const {
  Binner binner(options_.binning, channels_);
  BinningReport before;
  const auto bin = [&](std::int64_t recording,
                       std::span<const double> seconds,
                       std::span<const std::int64_t> units) {
    for (std::size_t e = 0; e < seconds.size(); ++e) {
      if (options_.microsecond_clock && std::abs(seconds[e]) < kLongestClock)
        binner.add_microseconds(std::llround(seconds[e] * 1e6), channel(units[e]));
      else
        binner.add(seconds[e], channel(units[e]));
    }
    const auto binned = binner.finish();
    events[static_cast<std::size_t>(recording - first)].assign(binned.begin(), binned.end());
    const std::int64_t bad = binner.report().bad_time - before.bad_time;
    const std::int64_t early = binner.report().early - before.early;
    if (options_.strict && bad + early > 0)
      throw DataError(fmt::format(
          "{}: of the events of recording {}, {} have no finite time and {} come before 0 s; leave "
          "out --strict to drop them",
          reader_.path(),
          recording,
          bad,
          early));
    before = binner.report();
  };
  reader_.read(first, static_cast<std::int64_t>(events.size()), bin);
  report += binner.report();
}

HeldRecordings load_event_file(const fs::path& file, const EventFileOptions& options) {
  return hold(EventFileRecordings(file, options));
}

fs::path find_event_file(const fs::path& folder, std::string_view set, std::string_view part) {
  const std::array names{fmt::format("{}_{}.h5", set, part), fmt::format("{}_{}.h5", part, set)};
  for (const std::string& name : names)
    if (std::error_code error; fs::is_regular_file(folder / name, error)) return folder / name;
  throw DataError(fmt::format("{}: no recordings; looked for {} and {}. Unpack them there",
                              folder.string(),
                              names[0],
                              names[1]));
}

}  // namespace spiketape
