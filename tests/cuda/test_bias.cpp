// Column sums of lambda in a fixed order, whatever the order in which threads run.
#include <doctest/doctest.h>

#if SPIKETAPE_CUDA_EMULATED

#include <random>
#include <vector>

#include "core/device.hpp"
#include "cuda/bias.hpp"
#include "cuda_emulation.hpp"

using namespace spiketape;

namespace {

constexpr Device kCard{DeviceKind::cuda, 0};

std::vector<float> random_values(std::int64_t count) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> value(-1.0f, 1.0f);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& x : values) x = value(random);
  return values;
}

/// What add_column_sums() makes of sums that hold 0, 1, 2...
std::vector<double> column_sums(const std::vector<float>& lambda,
                                std::int64_t rows,
                                std::int64_t neurons) {
  std::vector<double> before;
  for (std::int64_t j = 0; j < neurons; ++j) before.push_back(static_cast<double>(j));
  Buffer<double> sums = Buffer<double>::copy_of(before, MemoryTag::scratch, kCard);
  const Buffer<float> there = Buffer<float>::copy_of(lambda, MemoryTag::scratch, kCard);
  cuda::add_column_sums(
      cuda::Context::use(kCard), {there.data(), 0, rows, 1, neurons}, sums.data());
  const Buffer<double> here = sums.copy_to(kCpu);
  return {here.span().begin(), here.span().end()};
}

}  // namespace

TEST_CASE("column sums are those of plain loops, and the same bits in every order of threads") {
  using cuda_emulation::Order;
  // Around a block's 256 rows, 32 of them, and more than that.
  for (const std::int64_t rows : {0, 1, 7, 255, 256, 257, 8192, 8193, 9000})
    for (const std::int64_t neurons : {1, 31, 33, 70}) {
      CAPTURE(rows);
      CAPTURE(neurons);
      const std::vector<float> lambda = random_values(rows * neurons);
      cuda_emulation::set_thread_order(Order::forward);
      const std::vector<double> got = column_sums(lambda, rows, neurons);
      for (std::int64_t j = 0; j < neurons; ++j) {
        auto expected = static_cast<double>(j);
        for (std::int64_t row = 0; row < rows; ++row)
          expected += static_cast<double>(lambda[static_cast<std::size_t>(row * neurons + j)]);
        CHECK(got[static_cast<std::size_t>(j)] == doctest::Approx(expected).epsilon(1e-12));
      }
      for (const Order order : {Order::backward, Order::shuffled}) {
        cuda_emulation::set_thread_order(order, 11);
        CHECK(column_sums(lambda, rows, neurons) == got);
      }
      cuda_emulation::reset_settings();
    }
}

#else

TEST_CASE("the order of threads is chosen only where the card is emulated") {
  CHECK(true);  // build with -DSPIKETAPE_EMULATE_CUDA=ON, as the preset asan does
}

#endif
