#include "core/kernels/binary.hpp"

#include "core/kernels/loops.hpp"

// Reading guide: forward() and backward() walk any function over Broadcast's rows. Whether an
// operand advances along a row is a template argument, so every inner loop is a plain one that
// vectorises.
namespace spiketape::cpu {
namespace {

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
    *grad += static_cast<float>(lane_sum(count, term));
  }
}

template <typename Op, bool kAMoves, bool kBMoves>
struct Walk {
  static void forward(const Broadcast& walk, const float* a, const float* b, float* y) {
    if (walk.one_row()) {
      over_values(walk.row(), kCheapGrain, [=](std::int64_t begin, std::int64_t end) {
        forward_row<Op, kAMoves, kBMoves>(
            end - begin, kAMoves ? a + begin : a, kBMoves ? b + begin : b, y + begin);
      });
      return;
    }
    walk.for_rows([&](std::int64_t a_at, std::int64_t b_at, std::int64_t y_at) {
      forward_row<Op, kAMoves, kBMoves>(walk.row(), a + a_at, b + b_at, y + y_at);
    });
  }

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
      over_values(walk.row(), kCheapGrain, [&](std::int64_t begin, std::int64_t end) {
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
template <typename Body>
void choose(const functions::Binary& function, const Broadcast& walk, const Body& body) {
  std::visit(
      [&]<typename Op>(Op) {
        if (walk.a_moves() && !walk.b_moves())
          body(Walk<Op, true, false>());
        else if (walk.b_moves() && !walk.a_moves())
          body(Walk<Op, false, true>());
        else
          body(Walk<Op, true, true>());
      },
      function);
}

}  // namespace

void binary_forward(const BinaryForwardArguments& arguments) {
  choose(arguments.function, arguments.walk, [&](auto with) {
    with.forward(arguments.walk, arguments.a, arguments.b, arguments.y);
  });
}

void binary_backward(const BinaryBackwardArguments& arguments) {
  choose(arguments.function, arguments.walk, [&](auto with) {
    with.backward(arguments.walk,
                  arguments.a,
                  arguments.b,
                  arguments.grad_y,
                  arguments.grad_a,
                  arguments.grad_b);
  });
}

}  // namespace spiketape::cpu
