#pragma once

#include <cstdint>

#include "core/device.hpp"

namespace spiketape {

/// For each row of `classes` values: y = x - m - ln(sum exp(x - m)), m the maximum.
struct LogSoftmaxForwardArguments {
  Device device;
  std::int64_t rows = 0;
  std::int64_t classes = 0;
  const float* x = nullptr;
  float* y = nullptr;
};

/// grad_x += grad_y - exp(y) sum(grad_y), row by row.
struct LogSoftmaxBackwardArguments {
  Device device;
  std::int64_t rows = 0;
  std::int64_t classes = 0;
  const float* y = nullptr;
  const float* grad_y = nullptr;
  float* grad_x = nullptr;
};

namespace cpu {
void log_softmax_forward(const LogSoftmaxForwardArguments& arguments);
void log_softmax_backward(const LogSoftmaxBackwardArguments& arguments);
}  // namespace cpu

namespace cuda {
void log_softmax_forward(const LogSoftmaxForwardArguments& arguments);
void log_softmax_backward(const LogSoftmaxBackwardArguments& arguments);
}  // namespace cuda

}  // namespace spiketape
