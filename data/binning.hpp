#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/events.hpp"

/// From recordings, events at real times, to samples, events at steps.
namespace spiketape {

struct BinningOptions {
  double dt = 1e-3;  ///< seconds a step
  std::int64_t steps = 300;
  bool merge_repeats = true;  ///< several events of a unit in one step count as one
};

/// What became of the events of a data set's recordings. Everything that is not `kept` was left
/// out.
struct BinningReport {
  std::int64_t recordings = 0;
  std::int64_t kept = 0;
  std::int64_t late = 0;      ///< at or after steps * dt: the tail of a long recording is cut off
  std::int64_t early = 0;     ///< before the start
  std::int64_t bad_time = 0;  ///< not finite
  std::int64_t bad_unit = 0;  ///< outside the sensor
  std::int64_t merged = 0;    ///< repeats within a step

  BinningReport& operator+=(const BinningReport& other);
  /// One line for people; leaves out what did not happen.
  std::string in_words() const;
};

/// Bins the events of one recording after the other:
///
///     step = floor(t / dt)
///
/// A time that a clock of 1 us counted is best given as that count: with a dt of whole microseconds
/// the division is then one of integers, so an event on the edge of a step is always in the step
/// that begins there, whereas 0.3 s / 0.1 s is a little less than 3.
class Binner {
 public:
  /// Units are 0 .. units - 1. @throws DataError when dt is not finite and above 0; ShapeError when
  /// steps or units are out of range (see check_dataset_sizes).
  Binner(const BinningOptions& options, std::int64_t units);

  /// Takes an event at `seconds` after the start of the recording.
  void add(double seconds, std::int64_t unit);
  /// Takes an event at `microseconds` after the start of the recording.
  void add_microseconds(std::int64_t microseconds, std::int64_t unit);
  /// Ends a recording: its events, sorted by (step, unit). Valid until the next add().
  std::span<const StepEvent> finish();

  /// Of all finished recordings.
  const BinningReport& report() const { return report_; }

 private:
  void add_at(double step, std::int64_t unit);

  BinningOptions options_;
  std::int64_t units_;
  double last_;             ///< steps * dt, in units of dt
  std::int64_t dt_us_ = 0;  ///< dt in microseconds, or 0 when it is no whole number of them
  std::vector<StepEvent> events_;
  bool finished_ = false;
  BinningReport report_;
};

}  // namespace spiketape
