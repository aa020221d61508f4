#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "core/error.hpp"
#include "data/prefetch.hpp"

using namespace spiketape;

namespace {

/// Numbered batches 0 ... count - 1.
Prefetcher::Produce counting(std::atomic<int>& made, int count) {
  return [&made, count]() -> std::optional<Batch> {
    if (made == count) return std::nullopt;
    Batch batch;
    batch.index = made++;
    return batch;
  };
}

}  // namespace

TEST_CASE("prefetched batches arrive in order and then end for good") {
  std::atomic<int> made{0};
  Prefetcher prefetcher(counting(made, 50), 3);
  for (int i = 0; i < 50; ++i) {
    const auto batch = prefetcher.next();
    REQUIRE(batch);
    CHECK(batch->index == i);
  }
  CHECK_FALSE(prefetcher.next());
  CHECK_FALSE(prefetcher.next());
}

TEST_CASE("prefetching stays within its depth") {
  std::atomic<int> made{0};
  Prefetcher prefetcher(counting(made, 1000), 2);
  while (made < 3) std::this_thread::yield();  // two in the queue, one waiting for room
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(made == 3);
  CHECK(prefetcher.next()->index == 0);
}

TEST_CASE("prefetching of nothing ends at once") {
  std::atomic<int> made{0};
  Prefetcher prefetcher(counting(made, 0), 1);
  CHECK_FALSE(prefetcher.next());
}

TEST_CASE("a prefetcher shuts down whether its batches were taken or not") {
  for (int taken = 0; taken < 5; ++taken) {
    std::atomic<int> made{0};
    Prefetcher prefetcher(counting(made, 4), 1);
    for (int i = 0; i < taken; ++i) prefetcher.next();
  }
}

TEST_CASE("an exception of the prefetch thread reaches the consumer in its place, and again") {
  int made = 0;
  Prefetcher prefetcher(
      [&made]() -> std::optional<Batch> {
        if (made == 2) throw DataError("the third batch cannot be read");
        ++made;
        return Batch{};
      },
      8);
  CHECK(prefetcher.next());
  CHECK(prefetcher.next());
  CHECK_THROWS_WITH_AS(prefetcher.next(), "the third batch cannot be read", DataError);
  CHECK_THROWS_WITH_AS(prefetcher.next(), "the third batch cannot be read", DataError);
}
