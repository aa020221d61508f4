#pragma once

#include <cstdint>

namespace spiketape {

/// One update of Adam or AdamW over `count` values; see autograd/adam.hpp for the formula.
struct AdamArguments {
  float* value = nullptr;
  const float* grad = nullptr;
  float* m = nullptr;
  float* v = nullptr;
  std::int64_t count = 0;
  float beta1 = 0.0f;
  float beta2 = 0.0f;
  float epsilon = 0.0f;
  float m_factor = 0.0f;  ///< learning_rate / (1 - beta1^t)
  float v_factor = 0.0f;  ///< 1 / (1 - beta2^t)
  float keep = 1.0f;      ///< 1 - learning_rate * weight_decay
};

namespace cpu {

/// In one pass, in parallel over fixed ranges, with the widest vectors of the machine. The bits do
/// not depend on threads, nor on where a value stands.
void adam(const AdamArguments& arguments);

}  // namespace cpu
}  // namespace spiketape
