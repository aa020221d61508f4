#pragma once

#include <string_view>
#include <variant>

#include "core/host_device.hpp"

/// Functions of two values with their gradients for an incoming gradient g, for the CPU and the
/// card. To add one: write the struct, append it to the variant.
namespace spiketape::functions {

// y = a + b        dy/da = 1, dy/db = 1
struct Add {
  static constexpr std::string_view kName = "add";
  SPIKETAPE_HOST_DEVICE static float value(float a, float b) { return a + b; }
  SPIKETAPE_HOST_DEVICE static float grad_a(float /*a*/, float /*b*/, float g) { return g; }
  SPIKETAPE_HOST_DEVICE static float grad_b(float /*a*/, float /*b*/, float g) { return g; }
};

// y = a - b        dy/da = 1, dy/db = -1
struct Sub {
  static constexpr std::string_view kName = "sub";
  SPIKETAPE_HOST_DEVICE static float value(float a, float b) { return a - b; }
  SPIKETAPE_HOST_DEVICE static float grad_a(float /*a*/, float /*b*/, float g) { return g; }
  SPIKETAPE_HOST_DEVICE static float grad_b(float /*a*/, float /*b*/, float g) { return -g; }
};

// y = a b          dy/da = b, dy/db = a
struct Mul {
  static constexpr std::string_view kName = "mul";
  SPIKETAPE_HOST_DEVICE static float value(float a, float b) { return a * b; }
  SPIKETAPE_HOST_DEVICE static float grad_a(float /*a*/, float b, float g) { return g * b; }
  SPIKETAPE_HOST_DEVICE static float grad_b(float a, float /*b*/, float g) { return g * a; }
};

// y = a / b        dy/da = 1 / b, dy/db = -a / b^2
struct Div {
  static constexpr std::string_view kName = "div";
  SPIKETAPE_HOST_DEVICE static float value(float a, float b) { return a / b; }
  SPIKETAPE_HOST_DEVICE static float grad_a(float /*a*/, float b, float g) { return g / b; }
  SPIKETAPE_HOST_DEVICE static float grad_b(float a, float b, float g) { return -g * (a / b) / b; }
};

using Binary = std::variant<Add, Sub, Mul, Div>;

}  // namespace spiketape::functions
