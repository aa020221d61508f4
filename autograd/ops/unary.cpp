#include "autograd/ops/unary.hpp"

#include <cmath>
#include <string_view>
#include <utility>

#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"

namespace spiketape {
namespace {

// y = exp(x)               dy/dx = y
struct Exp {
  static constexpr std::string_view kName = "exp";
  static constexpr std::int64_t kGrain = ops::kCostlyGrain;
  float value(float x) const { return std::exp(x); }
  float slope(float /*x*/, float y) const { return y; }
};

// y = ln(x)                dy/dx = 1 / x
struct Log {
  static constexpr std::string_view kName = "log";
  static constexpr std::int64_t kGrain = ops::kCostlyGrain;
  float value(float x) const { return std::log(x); }
  float slope(float x, float /*y*/) const { return 1.0f / x; }
};

// y = tanh(x)              dy/dx = 1 - y^2
struct Tanh {
  static constexpr std::string_view kName = "tanh";
  static constexpr std::int64_t kGrain = ops::kCostlyGrain;
  float value(float x) const { return std::tanh(x); }
  float slope(float /*x*/, float y) const { return 1.0f - y * y; }
};

// y = 1 / (1 + exp(-x))    dy/dx = y (1 - y); exp is taken of -|x|, which cannot overflow
struct Sigmoid {
  static constexpr std::string_view kName = "sigmoid";
  static constexpr std::int64_t kGrain = ops::kCostlyGrain;
  float value(float x) const {
    const float e = std::exp(-std::fabs(x));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
  }
  float slope(float /*x*/, float y) const { return y * (1.0f - y); }
};

// y = max(x, 0)            dy/dx = 1 for x > 0, else 0; the comparison lets NaN through
struct Relu {
  static constexpr std::string_view kName = "relu";
  static constexpr std::int64_t kGrain = ops::kCheapGrain;
  float value(float x) const { return x < 0.0f ? 0.0f : x; }
  float slope(float x, float /*y*/) const { return x > 0.0f ? 1.0f : 0.0f; }
};

// y = |x|                  dy/dx = sign(x), 0 at 0
struct Abs {
  static constexpr std::string_view kName = "abs";
  static constexpr std::int64_t kGrain = ops::kCheapGrain;
  float value(float x) const { return std::fabs(x); }
  float slope(float x, float /*y*/) const {
    return (x > 0.0f ? 1.0f : 0.0f) - (x < 0.0f ? 1.0f : 0.0f);
  }
};

// y = x^2                  dy/dx = 2 x; the power of every squared penalty, without pow
struct Square {
  static constexpr std::string_view kName = "power";
  static constexpr std::int64_t kGrain = ops::kCheapGrain;
  float value(float x) const { return x * x; }
  float slope(float x, float /*y*/) const { return 2.0f * x; }
};

// y = x^p                  dy/dx = p x^(p - 1), and 0 everywhere for p = 0
struct Power {
  static constexpr std::string_view kName = "power";
  static constexpr std::int64_t kGrain = ops::kCostlyGrain;
  float exponent;
  float value(float x) const { return std::pow(x, exponent); }
  float slope(float x, float /*y*/) const {
    return exponent == 0.0f ? 0.0f : exponent * std::pow(x, exponent - 1.0f);
  }
};

template <typename Op>
void forward_range(Op op, std::int64_t count, const float* __restrict x, float* __restrict y) {
  for (std::int64_t i = 0; i < count; ++i) y[i] = op.value(x[i]);
}

template <typename Op>
void backward_range(Op op,
                    std::int64_t count,
                    const float* __restrict x,
                    const float* __restrict y,
                    const float* __restrict grad_y,
                    float* __restrict grad_x) {
  for (std::int64_t i = 0; i < count; ++i) grad_x[i] += grad_y[i] * op.slope(x[i], y[i]);
}

template <typename Op>
Variable unary(const Variable& x, Op op) {
  ops::require_defined(Op::kName, x);
  Tensor value = Tensor::uninitialized(x.shape());
  const float* from = x.value().data();
  float* to = value.data();
  ops::over_values(value.size(), Op::kGrain, [=](std::int64_t begin, std::int64_t end) {
    forward_range(op, end - begin, from + begin, to + begin);
  });
  const bool record = recording(x);
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: x and y, as handles; each derivative reads the one that makes it cheap.
  Tape::current()->record(Op::kName, [x, y, op] {
    if (!y.has_grad()) return;
    const float* xs = x.value().data();
    const float* ys = y.value().data();
    const float* grad_y = y.grad().data();
    float* grad_x = x.grad().data();
    ops::over_values(y.value().size(), Op::kGrain, [=](std::int64_t begin, std::int64_t end) {
      backward_range(op, end - begin, xs + begin, ys + begin, grad_y + begin, grad_x + begin);
    });
  });
  return y;
}

}  // namespace

Variable exp(const Variable& x) { return unary(x, Exp{}); }
Variable log(const Variable& x) { return unary(x, Log{}); }
Variable tanh(const Variable& x) { return unary(x, Tanh{}); }
Variable sigmoid(const Variable& x) { return unary(x, Sigmoid{}); }
Variable relu(const Variable& x) { return unary(x, Relu{}); }
Variable abs(const Variable& x) { return unary(x, Abs{}); }
Variable power(const Variable& x, float exponent) {
  if (exponent == 2.0f) return unary(x, Square{});
  return unary(x, Power{exponent});
}

}  // namespace spiketape
