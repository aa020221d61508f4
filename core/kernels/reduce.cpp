#include "core/kernels/reduce.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/kernels/loops.hpp"

namespace spiketape::cpu {

void sum_forward(const SumForwardArguments& arguments) {
  const float* from = arguments.x;
  float* to = arguments.y;
  if (arguments.y_count == 1) {  // the usual end of a loss
    const double total = parallel_sum(arguments.x_count, kCheapGrain, [from](auto begin, auto end) {
      return lane_sum(end - begin, [=](std::int64_t i) { return from[begin + i]; });
    });
    *to = static_cast<float>(total * arguments.factor);
    return;
  }
  std::vector<double> sums(static_cast<std::size_t>(arguments.y_count), 0.0);
  const std::int64_t row = arguments.walk.row();
  arguments.walk.for_rows([&](std::int64_t x_at, std::int64_t y_at) {
    const float* values = from + x_at;
    double* sum = sums.data() + y_at;
    if (arguments.walk.row_reduced())
      *sum += lane_sum(row, [=](std::int64_t i) { return values[i]; });
    else
      for (std::int64_t i = 0; i < row; ++i) sum[i] += static_cast<double>(values[i]);
  });
  for (std::size_t i = 0; i < sums.size(); ++i)
    to[i] = static_cast<float>(sums[i] * arguments.factor);
}

void sum_backward(const SumBackwardArguments& arguments) {
  const std::int64_t row = arguments.walk.row();
  const float factor = arguments.factor;
  arguments.walk.for_rows([&](std::int64_t x_at, std::int64_t y_at) {
    float* to = arguments.grad_x + x_at;
    const float* from = arguments.grad_y + y_at;
    if (arguments.walk.row_reduced())
      for (std::int64_t i = 0; i < row; ++i) to[i] += factor * *from;
    else
      for (std::int64_t i = 0; i < row; ++i) to[i] += factor * from[i];
  });
}

void max_forward(const MaxForwardArguments& arguments) {
  const std::int64_t row = arguments.walk.row();
  const bool row_reduced = arguments.walk.row_reduced();
  const float* values = arguments.x;
  float* best = arguments.y;
  std::int64_t* found = arguments.found;
  std::fill_n(found, arguments.y_count, -1);
  const auto offer = [&](std::int64_t from, std::int64_t to) {
    const float value = values[from];
    std::int64_t& at = found[to];
    // A NaN beats every number and nothing beats it.
    if (at < 0 || value > best[to] || (std::isnan(value) && !std::isnan(best[to]))) {
      best[to] = value;
      at = from;
    }
  };
  arguments.walk.for_rows([&](std::int64_t x_at, std::int64_t y_at) {
    for (std::int64_t i = 0; i < row; ++i) offer(x_at + i, row_reduced ? y_at : y_at + i);
  });
}

void max_backward(const MaxBackwardArguments& arguments) {
  for (std::int64_t i = 0; i < arguments.y_count; ++i)
    arguments.grad_x[arguments.found[i]] += arguments.grad_y[i];
}

}  // namespace spiketape::cpu
