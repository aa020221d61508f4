#include "core/kernels/loss.hpp"

#include <algorithm>
#include <cmath>

#include "core/kernels/loops.hpp"

namespace spiketape::cpu {
namespace {

/// ln(sum_j exp(x_j)) in double. max_element may pass over a NaN, but the sum does not.
double log_sum_exp(const float* x, std::int64_t count) {
  const double highest = static_cast<double>(*std::max_element(x, x + count));
  return highest + std::log(lane_sum(count, [=](std::int64_t i) {
           return std::exp(static_cast<double>(x[i]) - highest);
         }));
}

}  // namespace

void cross_entropy_forward(const CrossEntropyForwardArguments& arguments) {
  const float* x = arguments.scores;
  double total = 0.0;
  for (std::int64_t b = 0; b < arguments.batch; ++b, x += arguments.classes) {
    arguments.z[b] = log_sum_exp(x, arguments.classes);
    total += arguments.z[b] - static_cast<double>(x[arguments.labels[b]]);
  }
  *arguments.loss = static_cast<float>(total / static_cast<double>(arguments.batch));
}

void cross_entropy_backward(const CrossEntropyBackwardArguments& arguments) {
  const std::int64_t classes = arguments.classes;
  const double g = static_cast<double>(*arguments.grad_loss) / static_cast<double>(arguments.batch);
  const float* from = arguments.scores;
  float* to = arguments.grad_scores;
  for (std::int64_t b = 0; b < arguments.batch; ++b, from += classes, to += classes)
    for (std::int64_t j = 0; j < classes; ++j) {
      const double log_p = static_cast<double>(from[j]) - arguments.z[b];
      const double p = j == arguments.labels[b] ? std::expm1(log_p) : std::exp(log_p);
      to[j] += static_cast<float>(g * p);
    }
}

void mean_squared_error_forward(const MeanSquaredErrorForwardArguments& arguments) {
  const float* values = arguments.x;
  const float* wanted = arguments.target;
  const double total = parallel_sum(arguments.count, kCheapGrain, [=](auto begin, auto end) {
    return lane_sum(end - begin, [=](std::int64_t i) {
      const double difference =
          static_cast<double>(values[begin + i]) - static_cast<double>(wanted[begin + i]);
      return difference * difference;
    });
  });
  *arguments.loss = static_cast<float>(total / static_cast<double>(arguments.count));
}

void mean_squared_error_backward(const MeanSquaredErrorBackwardArguments& arguments) {
  const float factor = 2.0f * *arguments.grad_loss / static_cast<float>(arguments.count);
  const float* from = arguments.x;
  const float* goal = arguments.target;
  float* to = arguments.grad_x;
  over_values(arguments.count, kCheapGrain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] += factor * (from[i] - goal[i]);
  });
}

}  // namespace spiketape::cpu
