#pragma once

#include <cmath>
#include <string_view>
#include <variant>

#include "core/host_device.hpp"

/// Functions of one value with their derivatives, for the CPU and the card. slope(x, y) reads the
/// one of x and y that makes it cheap. `kCostly`: more than a few flops per value. To add one:
/// write the struct, append it to the variant.
namespace spiketape::functions {

// y = exp(x)               dy/dx = y
struct Exp {
  static constexpr std::string_view kName = "exp";
  static constexpr bool kCostly = true;
  SPIKETAPE_HOST_DEVICE float value(float x) const { return std::exp(x); }
  SPIKETAPE_HOST_DEVICE float slope(float /*x*/, float y) const { return y; }
};

// y = ln(x)                dy/dx = 1 / x
struct Log {
  static constexpr std::string_view kName = "log";
  static constexpr bool kCostly = true;
  SPIKETAPE_HOST_DEVICE float value(float x) const { return std::log(x); }
  SPIKETAPE_HOST_DEVICE float slope(float x, float /*y*/) const { return 1.0f / x; }
};

// y = tanh(x)              dy/dx = 1 - y^2
struct Tanh {
  static constexpr std::string_view kName = "tanh";
  static constexpr bool kCostly = true;
  SPIKETAPE_HOST_DEVICE float value(float x) const { return std::tanh(x); }
  SPIKETAPE_HOST_DEVICE float slope(float /*x*/, float y) const { return 1.0f - y * y; }
};

// y = 1 / (1 + exp(-x))    dy/dx = y (1 - y); exp is taken of -|x|, which cannot overflow
struct Sigmoid {
  static constexpr std::string_view kName = "sigmoid";
  static constexpr bool kCostly = true;
  SPIKETAPE_HOST_DEVICE float value(float x) const {
    const float e = std::exp(-std::fabs(x));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
  }
  SPIKETAPE_HOST_DEVICE float slope(float /*x*/, float y) const { return y * (1.0f - y); }
};

// y = max(x, 0)            dy/dx = 1 for x > 0, else 0; the comparison lets NaN through
struct Relu {
  static constexpr std::string_view kName = "relu";
  static constexpr bool kCostly = false;
  SPIKETAPE_HOST_DEVICE float value(float x) const { return x < 0.0f ? 0.0f : x; }
  SPIKETAPE_HOST_DEVICE float slope(float x, float /*y*/) const { return x > 0.0f ? 1.0f : 0.0f; }
};

// y = |x|                  dy/dx = sign(x), 0 at 0
struct Abs {
  static constexpr std::string_view kName = "abs";
  static constexpr bool kCostly = false;
  SPIKETAPE_HOST_DEVICE float value(float x) const { return std::fabs(x); }
  SPIKETAPE_HOST_DEVICE float slope(float x, float /*y*/) const {
    return (x > 0.0f ? 1.0f : 0.0f) - (x < 0.0f ? 1.0f : 0.0f);
  }
};

// y = x^2                  dy/dx = 2 x; the power of every squared penalty, without pow
struct Square {
  static constexpr std::string_view kName = "power";
  static constexpr bool kCostly = false;
  SPIKETAPE_HOST_DEVICE float value(float x) const { return x * x; }
  SPIKETAPE_HOST_DEVICE float slope(float x, float /*y*/) const { return 2.0f * x; }
};

// y = x^p                  dy/dx = p x^(p - 1), and 0 everywhere for p = 0
struct Power {
  static constexpr std::string_view kName = "power";
  static constexpr bool kCostly = true;
  float exponent = 1.0f;
  SPIKETAPE_HOST_DEVICE float value(float x) const { return std::pow(x, exponent); }
  SPIKETAPE_HOST_DEVICE float slope(float x, float /*y*/) const {
    return exponent == 0.0f ? 0.0f : exponent * std::pow(x, exponent - 1.0f);
  }
};

using Unary = std::variant<Exp, Log, Tanh, Sigmoid, Relu, Abs, Square, Power>;

}  // namespace spiketape::functions
