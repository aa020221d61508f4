#pragma once

#include <cstdint>

#include "core/device.hpp"

namespace spiketape {

/// z[b] = ln(sum_j exp(x[b, j])) and loss = the mean of z[b] - x[b, label_b], in double.
struct CrossEntropyForwardArguments {
  Device device;
  std::int64_t batch = 0;
  std::int64_t classes = 0;
  const float* scores = nullptr;         ///< x, [batch, classes]
  const std::int32_t* labels = nullptr;  ///< on the device, each in [0, classes)
  double* z = nullptr;
  float* loss = nullptr;
};

/// grad_scores[b, j] += grad_loss (exp(x[b, j] - z[b]) - [j = label_b]) / batch
struct CrossEntropyBackwardArguments {
  Device device;
  std::int64_t batch = 0;
  std::int64_t classes = 0;
  const float* scores = nullptr;
  const std::int32_t* labels = nullptr;
  const double* z = nullptr;
  const float* grad_loss = nullptr;  ///< one value on the device
  float* grad_scores = nullptr;
};

/// loss = the mean of (x - target)^2, in double.
struct MeanSquaredErrorForwardArguments {
  Device device;
  std::int64_t count = 0;
  const float* x = nullptr;
  const float* target = nullptr;
  float* loss = nullptr;
};

/// grad_x += 2 grad_loss (x - target) / count
struct MeanSquaredErrorBackwardArguments {
  Device device;
  std::int64_t count = 0;
  const float* x = nullptr;
  const float* target = nullptr;
  const float* grad_loss = nullptr;  ///< one value on the device
  float* grad_x = nullptr;
};

namespace cpu {
void cross_entropy_forward(const CrossEntropyForwardArguments& arguments);
void cross_entropy_backward(const CrossEntropyBackwardArguments& arguments);
void mean_squared_error_forward(const MeanSquaredErrorForwardArguments& arguments);
void mean_squared_error_backward(const MeanSquaredErrorBackwardArguments& arguments);
}  // namespace cpu

namespace cuda {
void cross_entropy_forward(const CrossEntropyForwardArguments& arguments);
void cross_entropy_backward(const CrossEntropyBackwardArguments& arguments);
void mean_squared_error_forward(const MeanSquaredErrorForwardArguments& arguments);
void mean_squared_error_backward(const MeanSquaredErrorBackwardArguments& arguments);
}  // namespace cuda

}  // namespace spiketape
