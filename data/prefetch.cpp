#include "data/prefetch.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {

Prefetcher::Prefetcher(Produce produce, std::size_t depth)
    : produce_(std::move(produce)), depth_(std::max<std::size_t>(depth, 1)) {
  try {
    thread_ = std::thread(&Prefetcher::run, this);
  } catch (const std::system_error& error) {
    throw BackendError(fmt::format(
        "loader: cannot start the prefetch thread ({}); set prefetch to 0 to do without",
        error.what()));
  }
}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  has_room_.notify_one();
  thread_.join();
}

void Prefetcher::run() {
  std::exception_ptr error;
  try {
    while (std::optional<Batch> batch = produce_()) {
      std::unique_lock lock(mutex_);
      has_room_.wait(lock, [this] { return stop_ || queue_.size() < depth_; });
      if (stop_) return;
      queue_.push_back(*std::move(batch));
      lock.unlock();
      has_news_.notify_one();
    }
  } catch (...) {
    error = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
    produced_all_ = true;
  }
  has_news_.notify_one();
}

std::optional<Batch> Prefetcher::next() {
  std::unique_lock lock(mutex_);
  has_news_.wait(lock, [this] { return produced_all_ || !queue_.empty(); });
  if (queue_.empty()) {
    if (error_) std::rethrow_exception(error_);
    return std::nullopt;
  }
  std::optional<Batch> batch(std::move(queue_.front()));
  queue_.pop_front();
  lock.unlock();
  has_room_.notify_one();
  return batch;
}

}  // namespace spiketape
