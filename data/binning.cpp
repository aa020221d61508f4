#include "data/binning.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.hpp"
#include "data/dataset.hpp"

namespace spiketape {

BinningReport& BinningReport::operator+=(const BinningReport& other) {
  recordings += other.recordings;
  kept += other.kept;
  late += other.late;
  early += other.early;
  bad_time += other.bad_time;
  bad_unit += other.bad_unit;
  merged += other.merged;
  return *this;
}

std::string BinningReport::in_words() const {
  std::string text = fmt::format("{} recordings, {} events", recordings, kept);
  const auto add = [&](std::int64_t count, const char* what) {
    if (count > 0) text += fmt::format("; {} {}", count, what);
  };
  add(late, "came after the last step and were cut off");
  add(merged, "repeated one of the same unit and step and were merged");
  add(early, "came before the start and were dropped");
  add(bad_time, "had no finite time and were dropped");
  add(bad_unit, "lay outside the sensor and were dropped");
  return text;
}

Binner::Binner(const BinningOptions& options, std::int64_t units)
    : options_(options), units_(units), last_(static_cast<double>(options.steps)) {
  if (!(options.dt > 0.0) || !std::isfinite(options.dt))
    throw DataError(
        fmt::format("binning: expected dt in seconds, finite and above 0, got {}", options.dt));
  check_dataset_sizes("binning", options.steps, units, 1);
  constexpr double kLongest = 1e15;  // microseconds that a double tells apart
  const double dt_us = std::round(options.dt * 1e6);
  // dt comes from text such as 1e-3, so it is a whole number up to rounding or clearly none.
  if (dt_us >= 1.0 && dt_us < kLongest && std::abs(options.dt * 1e6 - dt_us) <= 1e-9 * dt_us)
    dt_us_ = static_cast<std::int64_t>(dt_us);
}

void Binner::add(double seconds, std::int64_t unit) {
  add_at(std::floor(seconds / options_.dt), unit);
}

void Binner::add_microseconds(std::int64_t microseconds, std::int64_t unit) {
  if (dt_us_ == 0 || microseconds < 0) {
    add(static_cast<double>(microseconds) / 1e6, unit);
    return;
  }
  const std::int64_t step = microseconds / dt_us_;
  add_at(static_cast<double>(step), unit);
}

void Binner::add_at(double step, std::int64_t unit) {
  if (finished_) {
    events_.clear();
    finished_ = false;
  }
  if (!std::isfinite(step)) {
    ++report_.bad_time;
  } else if (step < 0.0) {
    ++report_.early;
  } else if (unit < 0 || unit >= units_) {
    ++report_.bad_unit;
  } else if (step >= last_) {
    ++report_.late;
  } else {
    events_.push_back({static_cast<std::uint16_t>(step), static_cast<std::uint16_t>(unit)});
  }
}

std::span<const StepEvent> Binner::finish() {
  if (finished_) events_.clear();  // a recording without events
  std::sort(events_.begin(), events_.end());
  if (options_.merge_repeats) {
    const auto end = std::unique(events_.begin(), events_.end());
    report_.merged += events_.end() - end;
    events_.erase(end, events_.end());
  }
  ++report_.recordings;
  report_.kept += static_cast<std::int64_t>(events_.size());
  finished_ = true;
  return events_;
}

}  // namespace spiketape
