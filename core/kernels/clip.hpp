#pragma once

#include <cstdint>
#include <span>

#include "core/device.hpp"

namespace spiketape {

/// The gradient of one parameter.
struct GradientView {
  float* values = nullptr;
  std::int64_t count = 0;
};

struct SquaredNormsArguments {
  Device device;
  std::span<const GradientView> gradients;
  std::span<double> norms;  ///< on the host, one for each gradient
};

struct ScaleArguments {
  Device device;
  std::span<const GradientView> gradients;
  float factor = 1.0f;
};

struct ClampArguments {
  Device device;
  std::span<const GradientView> gradients;
  float limit = 0.0f;
};

namespace cpu {
/// The sum of squares of each gradient, in double and a fixed order.
void squared_norms(const SquaredNormsArguments& arguments);
/// gradient *= factor
void scale(const ScaleArguments& arguments);
/// Limits each value to [-limit, limit]. Returns the index of the first gradient that holds a NaN,
/// or -1; with a NaN the gradients are undefined.
std::int64_t clamp(const ClampArguments& arguments);
}  // namespace cpu

namespace cuda {
void squared_norms(const SquaredNormsArguments& arguments);
void scale(const ScaleArguments& arguments);
std::int64_t clamp(const ClampArguments& arguments);
}  // namespace cuda

}  // namespace spiketape
