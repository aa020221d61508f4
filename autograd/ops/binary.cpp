#include "autograd/ops/binary.hpp"

#include <string_view>
#include <utility>

#include "autograd/ops/broadcast.hpp"
#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"

// Reading guide: each op is a struct with its value and its two partial derivatives; forward() and
// backward() walk any of them over Broadcast's rows. Whether an operand advances along a row is a
// template argument, so every inner loop is a plain one that vectorises.
namespace spiketape {
namespace {

using ops::Broadcast;
using ops::kCheapGrain;

// y = a + b        dy/da = 1, dy/db = 1
struct Add {
  static constexpr std::string_view kName = "add";
  static float value(float a, float b) { return a + b; }
  static float grad_a(float /*a*/, float /*b*/, float g) { return g; }
  static float grad_b(float /*a*/, float /*b*/, float g) { return g; }
};

// y = a - b        dy/da = 1, dy/db = -1
struct Sub {
  static constexpr std::string_view kName = "sub";
  static float value(float a, float b) { return a - b; }
  static float grad_a(float /*a*/, float /*b*/, float g) { return g; }
  static float grad_b(float /*a*/, float /*b*/, float g) { return -g; }
};

// y = a b          dy/da = b, dy/db = a
struct Mul {
  static constexpr std::string_view kName = "mul";
  static float value(float a, float b) { return a * b; }
  static float grad_a(float /*a*/, float b, float g) { return g * b; }
  static float grad_b(float a, float /*b*/, float g) { return g * a; }
};

// y = a / b        dy/da = 1 / b, dy/db = -a / b^2
struct Div {
  static constexpr std::string_view kName = "div";
  static float value(float a, float b) { return a / b; }
  static float grad_a(float /*a*/, float b, float g) { return g / b; }
  static float grad_b(float a, float b, float g) { return -g * (a / b) / b; }
};

template <typename Op, bool kAMoves, bool kBMoves>
void forward_row(std::int64_t count,
                 const float* __restrict a,
                 const float* __restrict b,
                 float* __restrict y) {
  for (std::int64_t i = 0; i < count; ++i) y[i] = Op::value(a[kAMoves ? i : 0], b[kBMoves ? i : 0]);
}

/// Adds to grad, which advances along the row, or is the one value that the whole row shares.
template <bool kGradMoves, typename Term>
void backward_row(std::int64_t count, float* __restrict grad, const Term& term) {
  if constexpr (kGradMoves) {
    for (std::int64_t i = 0; i < count; ++i) grad[i] += term(i);
  } else {
    *grad += static_cast<float>(ops::lane_sum(count, term));
  }
}

template <typename Op, bool kAMoves, bool kBMoves>
struct Walk {
  static void forward(const Broadcast& walk, const float* a, const float* b, float* y) {
    if (walk.one_row()) {
      ops::over_values(walk.row(), kCheapGrain, [=](std::int64_t begin, std::int64_t end) {
        forward_row<Op, kAMoves, kBMoves>(
            end - begin, kAMoves ? a + begin : a, kBMoves ? b + begin : b, y + begin);
      });
      return;
    }
    walk.for_rows([&](std::int64_t a_at, std::int64_t b_at, std::int64_t y_at) {
      forward_row<Op, kAMoves, kBMoves>(walk.row(), a + a_at, b + b_at, y + y_at);
    });
  }

  /// grad_a and grad_b may be null: that input wants none.
  static void backward(const Broadcast& walk,
                       const float* a,
                       const float* b,
                       const float* g,
                       float* grad_a,
                       float* grad_b) {
    const auto row =
        [=](std::int64_t count, std::int64_t a_at, std::int64_t b_at, std::int64_t y_at) {
          const float* av = a + a_at;
          const float* bv = b + b_at;
          const float* gv = g + y_at;
          if (grad_a != nullptr)
            backward_row<kAMoves>(count, grad_a + a_at, [=](std::int64_t i) {
              return Op::grad_a(av[kAMoves ? i : 0], bv[kBMoves ? i : 0], gv[i]);
            });
          if (grad_b != nullptr)
            backward_row<kBMoves>(count, grad_b + b_at, [=](std::int64_t i) {
              return Op::grad_b(av[kAMoves ? i : 0], bv[kBMoves ? i : 0], gv[i]);
            });
        };
    if (walk.one_row() && kAMoves && kBMoves) {
      ops::over_values(walk.row(), kCheapGrain, [&](std::int64_t begin, std::int64_t end) {
        row(end - begin, begin, begin, begin);
      });
      return;
    }
    walk.for_rows([&](std::int64_t a_at, std::int64_t b_at, std::int64_t y_at) {
      row(walk.row(), a_at, b_at, y_at);
    });
  }
};

/// Calls body with the Walk that fits; both standing still happens only for a single value, where
/// moving is the same.
template <typename Op, typename Body>
void choose(const Broadcast& walk, const Body& body) {
  if (walk.a_moves() && !walk.b_moves())
    body(Walk<Op, true, false>());
  else if (walk.b_moves() && !walk.a_moves())
    body(Walk<Op, false, true>());
  else
    body(Walk<Op, true, true>());
}

template <typename Op>
Variable binary(const Variable& a, const Variable& b) {
  ops::require_defined(Op::kName, a);
  ops::require_defined(Op::kName, b);
  Broadcast walk(Op::kName, a.shape(), b.shape());
  Tensor value = Tensor::uninitialized(walk.shape());
  choose<Op>(walk, [&](auto with) {
    with.forward(walk, a.value().data(), b.value().data(), value.data());
  });
  const bool record = recording(a, b);
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: the operands (mul and div read them), as handles.
  Tape::current()->record(Op::kName, [a, b, y, walk = std::move(walk)] {
    if (!y.has_grad()) return;
    float* grad_a = a.wants_grad() ? a.grad().data() : nullptr;
    float* grad_b = b.wants_grad() ? b.grad().data() : nullptr;
    choose<Op>(walk, [&](auto with) {
      with.backward(walk, a.value().data(), b.value().data(), y.grad().data(), grad_a, grad_b);
    });
  });
  return y;
}

Variable constant(float value) { return Variable(Tensor::scalar(value)); }

}  // namespace

Variable add(const Variable& a, const Variable& b) { return binary<Add>(a, b); }
Variable sub(const Variable& a, const Variable& b) { return binary<Sub>(a, b); }
Variable mul(const Variable& a, const Variable& b) { return binary<Mul>(a, b); }
Variable div(const Variable& a, const Variable& b) { return binary<Div>(a, b); }

Variable operator+(const Variable& a, const Variable& b) { return add(a, b); }
Variable operator-(const Variable& a, const Variable& b) { return sub(a, b); }
Variable operator*(const Variable& a, const Variable& b) { return mul(a, b); }
Variable operator/(const Variable& a, const Variable& b) { return div(a, b); }

Variable operator+(const Variable& a, float b) { return add(a, constant(b)); }
Variable operator-(const Variable& a, float b) { return sub(a, constant(b)); }
Variable operator*(const Variable& a, float b) { return mul(a, constant(b)); }
Variable operator/(const Variable& a, float b) { return div(a, constant(b)); }

Variable operator+(float a, const Variable& b) { return add(constant(a), b); }
Variable operator-(float a, const Variable& b) { return sub(constant(a), b); }
Variable operator*(float a, const Variable& b) { return mul(constant(a), b); }
Variable operator/(float a, const Variable& b) { return div(constant(a), b); }

Variable operator-(const Variable& x) { return mul(x, constant(-1.0f)); }

}  // namespace spiketape
