#include "core/parallel.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <limits>
#include <mutex>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

std::atomic<int> threads_wanted{0};

/// Flushes denormals while it lives: membranes and adjoints decay towards zero and would crawl
/// there.
class FlushDenormals {
#if defined(__x86_64__)
 public:
  FlushDenormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040u); }
  ~FlushDenormals() { _mm_setcsr(saved_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned saved_;
#elif defined(__aarch64__)
 public:
  FlushDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    asm volatile("msr fpcr, %0" ::"r"(saved_ | (1ull << 24)));
  }
  ~FlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(saved_)); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  std::uint64_t saved_;
#endif
};

/// Keeps the exception of the lowest task, so that the error is the same for any number of threads.
class FirstError {
 public:
  void take(std::int64_t task) {
    const std::lock_guard lock(mutex_);
    if (task < task_) {
      task_ = task;
      error_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::int64_t task_ = std::numeric_limits<std::int64_t>::max();
  std::exception_ptr error_;
};

}  // namespace

int thread_count() {
  const int wanted = threads_wanted.load();
  return wanted > 0 ? wanted : omp_get_max_threads();
}

void set_thread_count(int count) {
  if (count < 1) throw Error(fmt::format("threads: expected 1 or more, got {}", count));
  threads_wanted = count;
}

void parallel_for(std::int64_t tasks, const std::function<void(std::int64_t)>& body) {
  FirstError error;
  const int threads = static_cast<int>(std::min<std::int64_t>(thread_count(), tasks));
#pragma omp parallel num_threads(std::max(threads, 1)) if (threads > 1 && !omp_in_parallel())
  {
    const FlushDenormals flush;
#pragma omp for schedule(dynamic, 1)
    for (std::int64_t task = 0; task < tasks; ++task) {
      try {
        body(task);
      } catch (...) {
        error.take(task);
      }
    }
  }
  error.rethrow();
}

void parallel_ranges(std::int64_t count,
                     std::int64_t grain,
                     const std::function<void(std::int64_t, std::int64_t)>& body) {
  parallel_for((count + grain - 1) / grain,
               [&](std::int64_t task) { body(task * grain, std::min(count, (task + 1) * grain)); });
}

double parallel_sum(std::int64_t count,
                    std::int64_t grain,
                    const std::function<double(std::int64_t, std::int64_t)>& partial) {
  std::vector<double> sums(static_cast<std::size_t>((count + grain - 1) / grain));
  parallel_ranges(count, grain, [&](std::int64_t begin, std::int64_t end) {
    sums[static_cast<std::size_t>(begin / grain)] = partial(begin, end);
  });
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace spiketape
