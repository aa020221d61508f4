#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "data/batch.hpp"

namespace spiketape {

/// Makes batches ahead of their use in a thread of its own, through a bounded queue. For one
/// consumer.
class Prefetcher {
 public:
  using Produce = std::function<std::optional<Batch>()>;

  /// Calls `produce` in the thread, until it gives nothing or throws; at most `depth` batches wait
  /// in the queue (and one more is in the making). @throws BackendError when no thread can be
  /// started.
  Prefetcher(Produce produce, std::size_t depth);
  /// Stops after the batch in the making and waits for the thread.
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// The next batch, waiting for it if need be; nothing at the end. An exception of `produce` is
  /// thrown here, in its place after the batches that were made before it, and again on every later
  /// call.
  std::optional<Batch> next();

 private:
  void run();

  Produce produce_;
  std::size_t depth_;
  std::mutex mutex_;
  std::condition_variable has_room_;
  std::condition_variable has_news_;
  std::deque<Batch> queue_;   // guarded by mutex_, as all below
  std::exception_ptr error_;  // what ended the thread, if anything did
  bool produced_all_ = false;
  bool stop_ = false;
  std::thread thread_;  // last, so that it starts when all else is there
};

}  // namespace spiketape
