// What a card's context holds, and when it makes it. Contexts are made once per card and process,
// hence cards of numbers that no other test uses.
#include <doctest/doctest.h>

#if SPIKETAPE_CUDA_EMULATED

#include <array>
#include <set>
#include <thread>

#include "core/error.hpp"
#include "cuda/context.hpp"
#include "cuda/recording.hpp"
#include "cuda_emulation.hpp"

using namespace spiketape;
using cuda::Context;
using cuda::Recording;
using cuda_emulation::live_handles;

namespace {

/// Card number `index` is there until the end of its life.
struct Card {
  explicit Card(int index) : device{DeviceKind::cuda, index} {
    cuda_emulation::set_device_count(index + 1);
  }
  ~Card() { cuda_emulation::reset_settings(); }
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;

  Device device;
};

constexpr std::size_t kStreamsAndEvent = 3;

}  // namespace

TEST_CASE("asking whether a card can be used makes no handle of a library") {
  const Card card(500);
  const std::size_t before = live_handles();
  CHECK_NOTHROW(require_available(card.device));
  CHECK(live_handles() == before + kStreamsAndEvent);
  const Context& context = Context::use(card.device);
  CHECK(context.blas() != nullptr);
  CHECK(live_handles() == before + kStreamsAndEvent + 1);
  CHECK(context.blas() == context.blas());
  CHECK(context.sparse() != nullptr);
  CHECK(context.sparse() == context.sparse());
  CHECK(live_handles() == before + kStreamsAndEvent + 2);
}

TEST_CASE("threads that ask for a handle at once are given one") {
  const Card card(501);
  const Context& context = Context::use(card.device);
  const std::size_t before = live_handles();
  std::array<cublasHandle_t, 8> blas{};
  std::array<cusparseHandle_t, 8> sparse{};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < blas.size(); ++i)
    threads.emplace_back([&, i] {
      blas[i] = context.blas();
      sparse[i] = context.sparse();
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(std::set<cublasHandle_t>(blas.begin(), blas.end()).size() == 1);
  CHECK(std::set<cusparseHandle_t>(sparse.begin(), sparse.end()).size() == 1);
  CHECK(live_handles() == before + 2);
}

TEST_CASE("a handle that could not be made is made at the next call") {
  const Card card(502);
  const Context& context = Context::use(card.device);
  cuda_emulation::set_driver_missing(true);
  CHECK_THROWS_AS(context.blas(), BackendError);
  CHECK_THROWS_AS(context.sparse(), BackendError);
  cuda_emulation::set_driver_missing(false);
  CHECK(context.blas() != nullptr);
  CHECK(context.sparse() != nullptr);
}

TEST_CASE("a library's handle and memory are there before a recording, or it waits for them") {
  const Card card(503);
  const Context& context = Context::use(card.device);
  Recording first(card.device);
  CHECK_THROWS_AS(first.record([&] { context.blas(); }), NotYetRecordable);
  CHECK_THROWS_AS(first.record([&] { context.sparse(); }), NotYetRecordable);
  const std::size_t before = memory_use(card.device).current;
  CHECK(context.blas() != nullptr);
  CHECK(context.sparse() != nullptr);
  CHECK(memory_use(card.device).current == before + 32 * 1024 * 1024);
  CHECK_NOTHROW(first.record([&] { CHECK(context.blas() == context.blas()); }));
  CHECK(memory_use(card.device).current == before + 32 * 1024 * 1024);
}

TEST_CASE("a step of more notes than there is room for is not recorded, one of fewer is") {
  const Card card(504);
  Recording recording(card.device);
  const auto take = [&](int count) {
    for (int i = 0; i < count; ++i) recording.note<std::uint64_t>(0, 0);
  };
  CHECK_NOTHROW(take(1000));
  CHECK_THROWS_WITH_AS(take(2000), doctest::Contains("too many layers"), NotRecordable);
  Recording other(card.device);
  CHECK_NOTHROW(other.record([] {}));
  CHECK(other.replay());
}

#else

TEST_CASE("a card's handles are counted only where the card is emulated") {
  CHECK(true);  // build with -DSPIKETAPE_EMULATE_CUDA=ON, as the preset asan does
}

#endif
