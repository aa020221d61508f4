#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace spiketape::apps {

/// A progress bar of bytes on a terminal: how many of how many, how fast, time left. Nothing when
/// standard output is no terminal, or when not wanted. Redrawn at most ten times a second.
class TransferBar {
 public:
  explicit TransferBar(bool wanted);
  ~TransferBar() { clear(); }
  TransferBar(const TransferBar&) = delete;
  TransferBar& operator=(const TransferBar&) = delete;

  /// `done` of `total` bytes (0 = not known). A new title, or fewer bytes, starts the clock anew.
  void update(const std::string& title, std::int64_t done, std::int64_t total);
  /// Takes the bar off the screen, e.g. before a line is printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  bool live_;
  bool drawn_ = false;
  std::string title_;
  std::int64_t begun_at_ = 0;
  std::int64_t done_ = 0;
  Clock::time_point begun_{};
  Clock::time_point drawn_at_{};
};

/// The bar itself, without control characters: `title [####....] 12.0 MB of 26.4 MB  3.1 MB/s  0:05
/// left`; without a total only bytes and speed.
std::string transfer_line(const std::string& title,
                          std::int64_t done,
                          std::int64_t total,
                          double bytes_per_second);

}  // namespace spiketape::apps
