#pragma once

#include <cstdint>
#include <span>

#include "core/device.hpp"

namespace spiketape {

/// One parameter of SGD: `count` values of each array; no velocity without momentum.
struct SgdParameter {
  float* value = nullptr;
  const float* grad = nullptr;
  float* velocity = nullptr;
  std::int64_t count = 0;
};

/// One update of all parameters; see autograd/sgd.hpp for the formula.
struct SgdArguments {
  Device device;
  std::span<const SgdParameter> parameters;
  const float* learning_rate = nullptr;  ///< on the host
  float momentum = 0.0f;
};

namespace cpu {
void sgd(const SgdArguments& arguments);
}  // namespace cpu

namespace cuda {
/// In one launch for all parameters. A recording has to follow() the learning rate, and each replay
/// takes what it is then.
void sgd(const SgdArguments& arguments);
}  // namespace cuda

}  // namespace spiketape
