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
};

/// The numbers that change from step to step.
struct AdamFactors {
  float m = 0.0f;     ///< learning_rate / (1 - beta1^t)
  float v = 0.0f;     ///< 1 / (1 - beta2^t)
  float keep = 1.0f;  ///< 1 - learning_rate * weight_decay
};

/// One update of all parameters; see autograd/adam.hpp for the formula.
struct AdamArguments {
  Device device;
  std::span<const AdamParameter> parameters;
  std::span<const AdamFactors> factors;  ///< one for each parameter
  float beta1 = 0.0f;
  float beta2 = 0.0f;
  float epsilon = 0.0f;
};

namespace cpu {

/// In one pass over each parameter, in parallel over fixed ranges, with the widest vectors of the
/// machine. The bits do not depend on threads, nor on where a value stands.
void adam(const AdamArguments& arguments);

}  // namespace cpu

namespace cuda {

/// In one launch for all parameters. A recording has to follow() the factors, and each replay takes
/// what they are then.
void adam(const AdamArguments& arguments);

}  // namespace cuda
}  // namespace spiketape
