#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "apps/info.hpp"
#include "data/event_file_reader.hpp"
#include "data/nmnist.hpp"

namespace spiketape::apps {
namespace {

/// Smallest and largest of what it was shown.
template <typename T>
struct Range {
  T low = std::numeric_limits<T>::max();
  T high = std::numeric_limits<T>::lowest();

  void add(T value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
  std::string in_words(std::string_view unit = "") const {
    return empty() ? "none" : fmt::format("{} to {}{}", low, high, unit);
  }
};

struct Summary {
  std::int64_t events = 0;
  std::int64_t not_finite = 0;
  Range<std::int64_t> lengths;  ///< events of a recording
  Range<std::int64_t> units;
  Range<double> seconds;

  void add(std::span<const double> times, std::span<const std::int64_t> numbers) {
    events += std::ssize(times);
    lengths.add(std::ssize(times));
    for (const std::int64_t unit : numbers) units.add(unit);
    for (const double time : times) {
      if (std::isfinite(time))
        seconds.add(time);
      else
        ++not_finite;
    }
  }
};

void add_line(std::string& text, std::string_view name, const std::string& what) {
  text += fmt::format("  {:<20} {}\n", name, what);
}

std::string origin_of(const EventFileReader& reader) {
  if (reader.format() == 0) return "event file in the layout of SHD";
  return fmt::format("event file in the layout of SHD, of {} by spiketape (format {})",
                     reader.source(),
                     reader.format());
}

}  // namespace

std::string describe_event_file(const std::filesystem::path& path) {
  const EventFileReader reader(path);
  constexpr std::int64_t kChunk = 256;
  Summary summary;
  for (std::int64_t first = 0; first < reader.size(); first += kChunk)
    reader.read(
        first,
        std::min(kChunk, reader.size() - first),
        [&](std::int64_t, std::span<const double> seconds, std::span<const std::int64_t> units) {
          summary.add(seconds, units);
        });
  Range<std::int64_t> labels;
  for (const std::int64_t label : reader.labels()) labels.add(label);
  const std::set<std::int64_t> classes(reader.labels().begin(), reader.labels().end());

  std::string text = fmt::format("{}: {}\n", path.string(), origin_of(reader));
  const auto line = [&](std::string_view name, const std::string& what) {
    add_line(text, name, what);
  };
  line("recordings", fmt::format("{}", reader.size()));
  line("labels", fmt::format("{} ({} classes)", labels.in_words(), classes.size()));
  line("events", fmt::format("{} ({} a recording)", summary.events, summary.lengths.in_words()));
  line("units", fmt::format("{}, {}", reader.unit_type(), summary.units.in_words()));
  line("times", fmt::format("{}, {}", reader.time_type(), summary.seconds.in_words(" s")));
  if (summary.not_finite > 0) line("", fmt::format("{} times are not finite", summary.not_finite));
  return text;
}

std::string describe_recording(const std::filesystem::path& path) {
  const std::vector<NmnistEvent> events = read_nmnist(path);
  std::int64_t on = 0;
  std::int64_t outside = 0;
  Range<double> seconds;
  for (const NmnistEvent& event : events) {
    on += event.on ? 1 : 0;
    outside += event.unit(false) < 0 ? 1 : 0;
    seconds.add(static_cast<double>(event.microseconds) / 1e6);
  }
  std::string text = fmt::format("{}: recording of N-MNIST\n", path.string());
  const std::string folder = std::filesystem::absolute(path).parent_path().filename().string();
  if (folder.size() == 1 && folder >= "0" && folder <= "9")
    add_line(text, "label", folder + ", by its folder");
  add_line(text,
           "events",
           fmt::format("{} ({} ON, {} OFF)", events.size(), on, std::ssize(events) - on));
  if (outside > 0) add_line(text, "", fmt::format("{} lie outside 34 x 34 pixels", outside));
  add_line(text, "times", seconds.in_words(" s"));
  return text;
}

}  // namespace spiketape::apps
