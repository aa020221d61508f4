#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace spiketape::apps {

/// What the bar shows of the epoch so far.
struct ProgressValues {
  double loss = 0.0;
  double accuracy = 0.0;
  double active_percent = 0.0;
};

/// A progress bar on a terminal, of one epoch: batches per second, time left, loss, accuracy,
/// active neurons; or of other long work: items per second, time left. Nothing when standard output
/// is no terminal, or when not wanted. Redrawn at most ten times a second.
class Progress {
 public:
  explicit Progress(bool wanted);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// True when update() would draw now: ask before computing what it shows.
  bool due() const;
  /// Starts an epoch at batch `done`.
  void begin(std::string title, std::int64_t done, std::int64_t batches);
  void update(std::int64_t done, const ProgressValues& values);
  /// Work on other things than batches; `items` says what they are.
  void update(std::int64_t done, std::string_view items);
  /// Takes the bar off the screen, e.g. before a line is printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  /// Now: as items per second since begin().
  double rate(std::int64_t done) const;
  void draw(const std::string& line);

  bool live_;
  bool drawn_ = false;
  std::string title_;
  std::int64_t begun_at_ = 0;
  std::int64_t batches_ = 0;
  Clock::time_point begun_{};
  Clock::time_point drawn_at_{};
};

/// A bar of other work: `title [####....] 12/40  31.0 recordings/s  0:07 left`.
std::string progress_line(const std::string& title,
                          std::int64_t done,
                          std::int64_t all,
                          double per_second,
                          std::string_view items);

/// The bar of an epoch, without control characters: `title [####....] 12/40  31.0 batches/s  0:07
/// left loss ...`.
std::string progress_line(const std::string& title,
                          std::int64_t done,
                          std::int64_t batches,
                          double batches_per_second,
                          const ProgressValues& values);

/// 75 s -> "1:15", 3700 s -> "1:01:40"
std::string clock_time(double seconds);

}  // namespace spiketape::apps
