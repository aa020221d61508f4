#include "autograd/gradient_check.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "core/random.hpp"

namespace spiketape {
namespace {

using Function = std::function<Variable(const std::vector<Variable>&)>;

/// Weights of the projection: magnitudes in [0.5, 1.5) and both signs.
double weight(std::int64_t i) {
  const auto at = static_cast<std::uint64_t>(i);
  const float magnitude = 0.5f + random_uniform(1, 0, at);
  return static_cast<double>(random_uniform(1, 1, at) < 0.5f ? -magnitude : magnitude);
}

double project(const Tensor& result) {
  const Tensor y = result.to(kCpu);
  double total = 0.0;
  for (std::int64_t i = 0; i < y.size(); ++i) total += weight(i) * static_cast<double>(y.data()[i]);
  return total;
}

/// The tape's gradients of project(f(inputs)), left in the inputs.
void run_tape(const Function& f, const std::vector<Variable>& inputs) {
  Tape tape;
  const Variable y = f(inputs);
  if (!y.defined() || y.value().size() == 0)
    throw Error("check_gradient: expected f to return at least one value, got none");
  const Variable loss(Tensor::scalar(0.0f), true);
  tape.record("project", [y, loss] {
    if (!y.wants_grad()) return;
    Tensor grad = y.grad().to(kCpu);
    for (std::int64_t i = 0; i < grad.size(); ++i)
      grad.data()[i] += static_cast<float>(weight(i)) * loss.grad().item();
    if (y.value().device() != kCpu) y.grad().copy_from(grad);
  });
  tape.backward(loss);
}

/// df/dx_i by the five-point central difference, exact up to fourth order. `x` is a copy of `input`
/// on the CPU.
double difference(const Function& f,
                  const std::vector<Variable>& inputs,
                  Variable input,
                  Tensor& x,
                  std::int64_t i,
                  double step) {
  const float center = x.data()[i];
  const double h = std::exp2(
      std::floor(std::log2(step * std::max(1.0, std::fabs(static_cast<double>(center))))));
  const auto put = [&](float value) {
    x.data()[i] = value;
    input.value().copy_from(x);
  };
  const auto at = [&](double offset) {
    put(static_cast<float>(static_cast<double>(center) + offset));
    return project(f(inputs).value());
  };
  const double near = at(h) - at(-h);
  const double far = at(2.0 * h) - at(-2.0 * h);
  put(center);
  return (8.0 * near - far) / (12.0 * h);
}

}  // namespace

GradientCheckResult check_gradient(const Function& f,
                                   const std::vector<Tensor>& inputs,
                                   const GradientCheckOptions& options) {
  if (inputs.empty()) throw Error("check_gradient: expected at least one input, got none");
  std::vector<Variable> variables;
  variables.reserve(inputs.size());
  for (const Tensor& input : inputs) variables.emplace_back(input.clone().to(options.device), true);
  run_tape(f, variables);

  const NoTape silent;
  GradientCheckResult result;
  for (std::size_t k = 0; k < variables.size(); ++k) {
    const Tensor grad = variables[k].grad().to(kCpu);
    Tensor x = inputs[k].to(kCpu).clone();
    double difference_norm = 0.0;
    double numeric_norm = 0.0;
    double tape_norm = 0.0;
    double worst = -1.0;
    std::string place;
    for (std::int64_t i = 0; i < grad.size(); ++i) {
      const double numeric = difference(f, variables, variables[k], x, i, options.step);
      const auto taped = static_cast<double>(grad.data()[i]);
      const double off = std::fabs(numeric - taped);
      difference_norm += off * off;
      numeric_norm += numeric * numeric;
      tape_norm += taped * taped;
      if (!(off <= worst)) {
        worst = off;
        place = fmt::format(
            "at {} (x = {}) the tape says {}, differences say {}", i, x.data()[i], taped, numeric);
      }
    }
    const double scale = std::max({std::sqrt(numeric_norm), std::sqrt(tape_norm), options.floor});
    const double error = std::sqrt(difference_norm) / scale;
    const bool passed = error <= options.tolerance;  // false for NaN
    if (result.message.empty() || !(error <= result.error)) {
      result.error = error;
      result.message = fmt::format("input {}: relative error {:.2e}; {}", k, error, place);
    }
    result.passed = result.passed && passed;
  }
  return result;
}

}  // namespace spiketape
