#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "autograd/variable.hpp"

namespace spiketape {

struct GradientCheckOptions {
  /// Step of the five-point central difference, relative to max(1, |x|) and rounded down to a power
  /// of two so that it is exact in float32. The default balances rounding (about 1e-7 / step)
  /// against the fifth derivative (step^4).
  double step = 1.0 / 64.0;
  /// Largest norm-wise relative difference |numeric - tape| / max(|numeric|, |tape|, floor) that
  /// passes, per input.
  double tolerance = 1e-3;
  /// Gradients with a smaller norm are compared as if it were this: a gradient of zero has no
  /// relative error.
  double floor = 1e-2;
  /// Where f runs: its inputs are copies there.
  Device device = kCpu;
};

struct GradientCheckResult {
  bool passed = true;
  double error = 0.0;   ///< the largest norm-wise relative difference among the inputs
  std::string message;  ///< which input differs most, and where; for a test's INFO

  explicit operator bool() const { return passed; }
};

/// Compares the tape's gradient of `f` with central differences, for every input, in double:
///
///     CHECK(check_gradient([](auto& x) { return tanh(x[0] * x[1]); }, {a, b}));
///
/// `f` may return any shape; it is projected on fixed pseudo-random weights, so that every output's
/// gradient counts and errors cannot cancel. For smooth dense ops only: differences across a kink
/// (relu at 0, a spike) say nothing.
/// @throws Error when `inputs` is empty or f returns no values.
GradientCheckResult check_gradient(
    const std::function<Variable(const std::vector<Variable>& inputs)>& f,
    const std::vector<Tensor>& inputs,
    const GradientCheckOptions& options = {});

}  // namespace spiketape
