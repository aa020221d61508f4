#pragma once

#include <cstdint>

#include "core/device.hpp"
#include "core/kernels/unary_functions.hpp"

namespace spiketape {

/// y[i] = f(x[i])
struct UnaryForwardArguments {
  Device device;
  functions::Unary function;
  std::int64_t count = 0;
  const float* x = nullptr;
  float* y = nullptr;
};

/// grad_x[i] += grad_y[i] f'(x[i])
struct UnaryBackwardArguments {
  Device device;
  functions::Unary function;
  std::int64_t count = 0;
  const float* x = nullptr;
  const float* y = nullptr;
  const float* grad_y = nullptr;
  float* grad_x = nullptr;
};

namespace cpu {
void unary_forward(const UnaryForwardArguments& arguments);
void unary_backward(const UnaryBackwardArguments& arguments);
}  // namespace cpu

namespace cuda {
void unary_forward(const UnaryForwardArguments& arguments);
void unary_backward(const UnaryBackwardArguments& arguments);
}  // namespace cuda

}  // namespace spiketape
