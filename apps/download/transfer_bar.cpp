#include "apps/download/transfer_bar.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <unistd.h>

#include <fmt/format.h>

#include "apps/download/disk.hpp"
#include "apps/progress.hpp"

namespace spiketape::apps {
namespace {

constexpr std::chrono::milliseconds kBetweenDrawings{100};
constexpr double kCells = 20.0;

}  // namespace

TransferBar::TransferBar(bool wanted) : live_(wanted && isatty(STDOUT_FILENO) == 1) {}

void TransferBar::update(const std::string& title, std::int64_t done, std::int64_t total) {
  if (!live_) return;
  const Clock::time_point now = Clock::now();
  if (title != title_ || done < done_) {
    title_ = title;
    begun_at_ = done;
    begun_ = now;
  }
  done_ = done;
  if (now - drawn_at_ < kBetweenDrawings) return;
  drawn_at_ = now;
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  const double speed = seconds > 0.0 ? static_cast<double>(done - begun_at_) / seconds : 0.0;
  fmt::print("\r{}\x1b[K", transfer_line(title, done, total, speed));
  std::fflush(stdout);
  drawn_ = true;
}

void TransferBar::clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stdout);
  std::fflush(stdout);
  drawn_ = false;
}

std::string transfer_line(const std::string& title,
                          std::int64_t done,
                          std::int64_t total,
                          double bytes_per_second) {
  const std::string speed = size_in_words(std::llround(bytes_per_second)) + "/s";
  if (total <= 0) return fmt::format("{}  {}  {}", title, size_in_words(done), speed);
  const double part = std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
  std::string bar(static_cast<std::size_t>(kCells * part), '#');
  bar.resize(static_cast<std::size_t>(kCells), '.');
  const std::string left = bytes_per_second > 0.0
                               ? clock_time(static_cast<double>(total - done) / bytes_per_second)
                               : "?";
  return fmt::format("{} [{}] {} of {}  {}  {} left",
                     title,
                     bar,
                     size_in_words(done),
                     size_in_words(total),
                     speed,
                     left);
}

}  // namespace spiketape::apps
