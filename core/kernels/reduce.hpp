#pragma once

#include <cstdint>

#include "core/device.hpp"
#include "core/reduction.hpp"

namespace spiketape {

/// y = factor * sum of x over the reduced axes, held in double until the end.
struct SumForwardArguments {
  Device device;
  const Reduction& walk;
  double factor = 1.0;
  std::int64_t x_count = 0;
  std::int64_t y_count = 0;
  const float* x = nullptr;
  float* y = nullptr;
};

/// grad_x += factor * grad_y, repeated over the reduced axes.
struct SumBackwardArguments {
  Device device;
  const Reduction& walk;
  float factor = 1.0f;
  const float* grad_y = nullptr;
  float* grad_x = nullptr;
};

/// y = the largest x over the reduced axes, of which there is at least one value; the first one
/// wins ties, and the first NaN wins over numbers. `found`: where in x each was.
struct MaxForwardArguments {
  Device device;
  const Reduction& walk;
  std::int64_t y_count = 0;
  const float* x = nullptr;
  float* y = nullptr;
  std::int64_t* found = nullptr;
};

/// grad_x[found[i]] += grad_y[i]
struct MaxBackwardArguments {
  Device device;
  std::int64_t y_count = 0;
  const std::int64_t* found = nullptr;
  const float* grad_y = nullptr;
  float* grad_x = nullptr;
};

namespace cpu {
void sum_forward(const SumForwardArguments& arguments);
void sum_backward(const SumBackwardArguments& arguments);
void max_forward(const MaxForwardArguments& arguments);
void max_backward(const MaxBackwardArguments& arguments);
}  // namespace cpu

namespace cuda {
void sum_forward(const SumForwardArguments& arguments);
void sum_backward(const SumBackwardArguments& arguments);
void max_forward(const MaxForwardArguments& arguments);
void max_backward(const MaxBackwardArguments& arguments);
}  // namespace cuda

}  // namespace spiketape
