#pragma once

#include <cstdint>
#include <span>

#include "core/device.hpp"

namespace spiketape {

/// One parameter of Adam or AdamW: `count` values of each array.
struct AdamParameter {
  float* value = nullptr;
  const float* grad = nullptr;
  float* m = nullptr;
  float* v = nullptr;
  std::int64_t count = 0;
  float m_factor = 0.0f;  ///< learning_rate / (1 - beta1^t)
  float v_factor = 0.0f;  ///< 1 / (1 - beta2^t)
};

/// One update of all parameters; see autograd/adam.hpp for the formula.
struct AdamArguments {
  Device device;
  std::span<const AdamParameter> parameters;
  float beta1 = 0.0f;
  float beta2 = 0.0f;
  float epsilon = 0.0f;
  float keep = 1.0f;  ///< 1 - learning_rate * weight_decay
};

namespace cpu {

/// In one pass over each parameter, in parallel over fixed ranges, with the widest vectors of the
/// machine. The bits do not depend on threads, nor on where a value stands.
void adam(const AdamArguments& arguments);

}  // namespace cpu

namespace cuda {

/// In one launch for all parameters.
void adam(const AdamArguments& arguments);

}  // namespace cuda
}  // namespace spiketape
