#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <variant>

#include "core/host_device.hpp"

/// Surrogate derivatives dS/dV of the spike step, as functions of the distance d = V - threshold.
/// Each is used inside the window only; outside the slope is zero. To add one: write the struct,
/// append it to the variant.
namespace spiketape {

/// 1 / (beta |d| + 1)^2: the derivative of a fast sigmoid (Zenke & Ganguli 2018; the paper's
/// choice, beta = 100).
struct FastSigmoid {
  float beta = 100.0f;
  static constexpr std::string_view name = "fast_sigmoid";
  SPIKETAPE_HOST_DEVICE float operator()(float d) const {
    const float x = beta * std::fabs(d) + 1.0f;
    return 1.0f / (x * x);
  }
};

/// max(0, 1 - beta |d|) (Bellec et al. 2018).
struct Triangle {
  float beta = 1.0f;
  static constexpr std::string_view name = "triangle";
  SPIKETAPE_HOST_DEVICE float operator()(float d) const {
    return std::fmax(0.0f, 1.0f - beta * std::fabs(d));
  }
};

/// beta / 2 where |d| < 1 / beta, else 0: a box of area 1.
struct Boxcar {
  float beta = 1.0f;
  static constexpr std::string_view name = "boxcar";
  SPIKETAPE_HOST_DEVICE float operator()(float d) const {
    return beta * std::fabs(d) < 1.0f ? 0.5f * beta : 0.0f;
  }
};

/// 1 / (1 + (beta d)^2): the derivative of arctan, scaled to 1 at the threshold (Fang et al. 2021).
struct ArcTan {
  float beta = 2.0f;
  static constexpr std::string_view name = "arctan";
  SPIKETAPE_HOST_DEVICE float operator()(float d) const {
    const float x = beta * d;
    return 1.0f / (1.0f + x * x);
  }
};

/// exp(-beta |d|) (Shrestha & Orchard 2018).
struct Exponential {
  float beta = 5.0f;
  static constexpr std::string_view name = "exponential";
  SPIKETAPE_HOST_DEVICE float operator()(float d) const { return std::exp(-beta * std::fabs(d)); }
};

using Surrogate = std::variant<FastSigmoid, Triangle, Boxcar, ArcTan, Exponential>;

/// "fast_sigmoid", "triangle", "boxcar", "arctan" or "exponential" with its beta; beta <= 0 takes
/// the default.
/// @throws Error for another name; lists the known ones.
Surrogate make_surrogate(std::string_view name, float beta = 0.0f);

}  // namespace spiketape
