#include "core/kernels/log_softmax.hpp"

#include <algorithm>
#include <cmath>

#include "core/kernels/loops.hpp"

namespace spiketape::cpu {
namespace {

/// Rows that one task takes.
std::int64_t grain_of(std::int64_t classes) {
  return std::max<std::int64_t>(1, kCostlyGrain / std::max<std::int64_t>(1, classes));
}

}  // namespace

void log_softmax_forward(const LogSoftmaxForwardArguments& arguments) {
  const std::int64_t classes = arguments.classes;
  if (classes == 0) return;
  const float* scores = arguments.x;
  float* logs = arguments.y;
  over_values(arguments.rows, grain_of(classes), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const float* in = scores + r * classes;
      float* out = logs + r * classes;
      const float highest = *std::max_element(in, in + classes);
      const double total =
          lane_sum(classes, [=](std::int64_t i) { return std::exp(in[i] - highest); });
      const auto log_total = static_cast<float>(std::log(total));
      for (std::int64_t i = 0; i < classes; ++i) out[i] = (in[i] - highest) - log_total;
    }
  });
}

void log_softmax_backward(const LogSoftmaxBackwardArguments& arguments) {
  const std::int64_t classes = arguments.classes;
  if (classes == 0) return;
  const float* ys = arguments.y;
  const float* grad_y = arguments.grad_y;
  float* grad_x = arguments.grad_x;
  over_values(arguments.rows, grain_of(classes), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const float* g = grad_y + r * classes;
      const float* log_p = ys + r * classes;
      float* to = grad_x + r * classes;
      const auto total =
          static_cast<float>(lane_sum(classes, [=](std::int64_t i) { return g[i]; }));
      for (std::int64_t i = 0; i < classes; ++i) to[i] += g[i] - std::exp(log_p[i]) * total;
    }
  });
}

}  // namespace spiketape::cpu
