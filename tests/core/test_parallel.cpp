#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/error.hpp"
#include "core/parallel.hpp"

using namespace spiketape;

namespace {

/// Runs a body with 1, 2 and 4 threads and puts the count back.
template <typename Body>
void with_threads(Body&& body) {
  const int before = thread_count();
  for (const int threads : {1, 2, 4}) {
    CAPTURE(threads);
    set_thread_count(threads);
    body();
  }
  set_thread_count(before);
}

}  // namespace

TEST_CASE("the number of threads is set and read, and is at least 1") {
  const int before = thread_count();
  CHECK(before >= 1);
  set_thread_count(3);
  CHECK(thread_count() == 3);
  CHECK_THROWS_WITH_AS(set_thread_count(0), doctest::Contains("got 0"), Error);
  CHECK_THROWS_AS(set_thread_count(-2), Error);
  CHECK(thread_count() == 3);
  set_thread_count(before);
}

TEST_CASE("every task runs once, whatever the number of threads") {
  with_threads([] {
    for (const std::int64_t tasks : {0, 1, 2, 17, 1000}) {
      std::vector<int> runs(static_cast<std::size_t>(tasks));
      parallel_for(tasks, [&](std::int64_t task) { ++runs[static_cast<std::size_t>(task)]; });
      for (const int count : runs) CHECK(count == 1);
    }
  });
}

TEST_CASE("ranges cover everything once, the last may be shorter") {
  with_threads([] {
    for (const std::int64_t count : {0, 1, 9, 10, 11, 100}) {
      std::vector<int> seen(static_cast<std::size_t>(count));
      std::atomic<int> longest{0};
      parallel_ranges(count, 10, [&](std::int64_t begin, std::int64_t end) {
        const int length = static_cast<int>(end - begin);
        if (length > longest) longest = length;
        for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
      });
      CHECK(longest <= 10);
      for (const int times : seen) CHECK(times == 1);
    }
  });
}

TEST_CASE("when several tasks throw, the exception of the lowest comes out") {
  with_threads([] {
    for (int repeat = 0; repeat < 10; ++repeat) {
      std::atomic<int> finished{0};
      const auto run = [&] {
        parallel_for(50, [&](std::int64_t task) {
          if (task % 10 == 7) throw DataError("task " + std::to_string(task));
          ++finished;
        });
      };
      CHECK_THROWS_WITH_AS(run(), "task 7", DataError);
      CHECK(finished == 45);
    }
  });
}

TEST_CASE("after an exception the next loop runs as usual") {
  CHECK_THROWS_AS(parallel_for(4, [](std::int64_t) { throw std::logic_error("x"); }),
                  std::logic_error);
  std::atomic<int> runs{0};
  parallel_for(4, [&](std::int64_t) { ++runs; });
  CHECK(runs == 4);
}

TEST_CASE("a sum has the same bits for any number of threads") {
  const auto harmonic = [](std::int64_t begin, std::int64_t end) {
    double sum = 0.0;
    for (std::int64_t i = begin; i < end; ++i) sum += 1.0 / static_cast<double>(i + 1);
    return sum;
  };
  std::vector<double> sums;
  with_threads([&] { sums.push_back(parallel_sum(100003, 64, harmonic)); });
  CHECK(sums[0] == sums[1]);
  CHECK(sums[0] == sums[2]);
  CHECK(std::abs(sums[0] - (std::log(100003.0) + 0.57721566490153286 + 0.5 / 100003.0)) < 1e-9);
  CHECK(parallel_sum(0, 64, harmonic) == 0.0);
}

TEST_CASE("a nested loop runs on the thread that called it") {
  with_threads([] {
    std::atomic<int> elsewhere{0};
    std::atomic<int> runs{0};
    parallel_for(4, [&](std::int64_t) {
      const auto outer = std::this_thread::get_id();
      parallel_for(8, [&](std::int64_t) {
        ++runs;
        if (std::this_thread::get_id() != outer) ++elsewhere;
      });
    });
    CHECK(runs == 32);
    CHECK(elsewhere == 0);
  });
}

TEST_CASE("an exception of a nested loop passes through the outer one") {
  with_threads([] {
    const auto run = [] {
      parallel_for(4, [](std::int64_t outer) {
        parallel_for(4, [outer](std::int64_t inner) {
          if (inner == 2) throw Error(std::to_string(outer) + "/" + std::to_string(inner));
        });
      });
    };
    CHECK_THROWS_WITH_AS(run(), "0/2", Error);
  });
}

TEST_CASE("denormal numbers are zero inside a loop and themselves after it") {
  volatile float tiny = std::numeric_limits<float>::min();
  with_threads([&] {
    std::atomic<int> alive{0};
    parallel_for(4, [&](std::int64_t) {
      volatile float half = tiny * 0.5f;
      if (half != 0.0f) ++alive;
    });
    CHECK(alive == 0);
    volatile float half = tiny * 0.5f;
    CHECK(half > 0.0f);
  });
}
