#include "apps/progress.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

namespace spiketape::apps {
namespace {

constexpr std::chrono::milliseconds kBetweenDrawings{100};
constexpr std::int64_t kCells = 20;

}  // namespace

Progress::Progress(bool wanted) : live_(wanted && isatty(STDOUT_FILENO) == 1) {}

bool Progress::due() const { return live_ && Clock::now() - drawn_at_ >= kBetweenDrawings; }

void Progress::begin(std::string title, std::int64_t done, std::int64_t batches) {
  title_ = std::move(title);
  begun_at_ = done;
  batches_ = batches;
  begun_ = Clock::now();
  drawn_at_ = {};
}

double Progress::rate(std::int64_t done) const {
  const double seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
  return seconds > 0.0 ? static_cast<double>(done - begun_at_) / seconds : 0.0;
}

void Progress::draw(const std::string& line) {
  drawn_at_ = Clock::now();
  fmt::print("\r{}\x1b[K", line);
  std::fflush(stdout);
  drawn_ = true;
}

void Progress::update(std::int64_t done, const ProgressValues& values) {
  if (due()) draw(progress_line(title_, done, batches_, rate(done), values));
}

void Progress::update(std::int64_t done, std::string_view items) {
  if (due()) draw(progress_line(title_, done, batches_, rate(done), items));
}

void Progress::clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stdout);
  std::fflush(stdout);
  drawn_ = false;
}

std::string progress_line(const std::string& title,
                          std::int64_t done,
                          std::int64_t all,
                          double per_second,
                          std::string_view items) {
  const std::int64_t filled = all > 0 ? kCells * done / all : kCells;
  std::string bar(static_cast<std::size_t>(std::clamp<std::int64_t>(filled, 0, kCells)), '#');
  bar.resize(kCells, '.');
  const std::string left =
      per_second > 0.0 ? clock_time(static_cast<double>(all - done) / per_second) : "?";
  return fmt::format(
      "{} [{}] {}/{}  {:.1f} {}/s  {} left", title, bar, done, all, per_second, items, left);
}

std::string progress_line(const std::string& title,
                          std::int64_t done,
                          std::int64_t batches,
                          double batches_per_second,
                          const ProgressValues& values) {
  return fmt::format("{}  loss {:.4f}  accuracy {:.1f} %  active {:.2f} %",
                     progress_line(title, done, batches, batches_per_second, "batches"),
                     values.loss,
                     100.0 * values.accuracy,
                     values.active_percent);
}

std::string clock_time(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::ceil(std::max(seconds, 0.0)));
  const std::int64_t hours = whole / 3600;
  const std::int64_t minutes = whole / 60 % 60;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60);
  return fmt::format("{}:{:02}", minutes, whole % 60);
}

}  // namespace spiketape::apps
