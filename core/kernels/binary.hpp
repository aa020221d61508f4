#pragma once

#include "core/broadcast.hpp"
#include "core/device.hpp"
#include "core/kernels/binary_functions.hpp"

namespace spiketape {

/// y = f(a, b), broadcast.
struct BinaryForwardArguments {
  Device device;
  functions::Binary function;
  const Broadcast& walk;
  const float* a = nullptr;
  const float* b = nullptr;
  float* y = nullptr;
};

/// Adds the gradients of a and b, summed over the axes that repeat them. A null gradient is not
/// wanted; both may be one array, as in x * x.
struct BinaryBackwardArguments {
  Device device;
  functions::Binary function;
  const Broadcast& walk;
  const float* a = nullptr;
  const float* b = nullptr;
  const float* grad_y = nullptr;
  float* grad_a = nullptr;
  float* grad_b = nullptr;
};

namespace cpu {
void binary_forward(const BinaryForwardArguments& arguments);
void binary_backward(const BinaryBackwardArguments& arguments);
}  // namespace cpu

namespace cuda {
void binary_forward(const BinaryForwardArguments& arguments);
void binary_backward(const BinaryBackwardArguments& arguments);
}  // namespace cuda

}  // namespace spiketape
