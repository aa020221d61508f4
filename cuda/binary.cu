#include "core/kernels/binary.hpp"

#include "cuda/segments.cuh"
#include "cuda/walk.cuh"

// Reading guide: an operand that no axis repeats has one term for each value of its gradient, so
// its backward is element-wise. Else the values of the gradient are the outputs of a reduction over
// the axes that repeat it.
namespace spiketape::cuda {
namespace {

/// Offsets in a, b and y.
using OperandWalk = Walk<3>;

/// The axes of `walk` that `keep(axis)` wants.
template <typename Keep>
OperandWalk axes_of(const Broadcast& walk, const Keep& keep) {
  std::int64_t y_stride = 1;
  for (const Broadcast::Axis& axis : walk.axes()) y_stride *= axis.size;
  OperandWalk kept;
  for (const Broadcast::Axis& axis : walk.axes()) {
    y_stride = axis.size == 0 ? 0 : y_stride / axis.size;
    if (keep(axis)) kept.append({axis.size, {axis.a_stride, axis.b_stride, y_stride}});
  }
  return kept;
}

template <typename Function>
__global__ void forward_kernel(
    OperandWalk walk, std::int64_t count, const float* a, const float* b, float* y) {
  for (std::int64_t i = thread_index(); i < count; i += thread_stride()) {
    OperandWalk::Offsets at;
    walk.advance(at, i);
    y[i] = Function::value(a[at.of[0]], b[at.of[1]]);
  }
}

struct Operands {
  const float* a;
  const float* b;
  const float* grad_y;
};

/// dL/da for kOperand 0, dL/db for 1, of one value of y.
template <typename Function, int kOperand>
__device__ float gradient(const Operands& from, const OperandWalk::Offsets& at) {
  const float a = from.a[at.of[0]];
  const float b = from.b[at.of[1]];
  const float g = from.grad_y[at.of[2]];
  return kOperand == 0 ? Function::grad_a(a, b, g) : Function::grad_b(a, b, g);
}

template <typename Function, int kOperand>
__global__ void backward_kernel(OperandWalk walk, std::int64_t count, Operands from, float* grad) {
  for (std::int64_t i = thread_index(); i < count; i += thread_stride()) {
    OperandWalk::Offsets at;
    walk.advance(at, i);
    grad[at.of[kOperand]] += gradient<Function, kOperand>(from, at);
  }
}

template <typename Function, int kOperand>
struct RepeatedGradient : SumInDouble {
  OperandWalk kept;
  OperandWalk repeated;
  Operands from;
  float* grad;

  __device__ double term(std::int64_t output, std::int64_t index) const {
    OperandWalk::Offsets at;
    kept.advance(at, output);
    repeated.advance(at, index);
    return static_cast<double>(gradient<Function, kOperand>(from, at));
  }
  __device__ void store(std::int64_t output, double total) const {
    OperandWalk::Offsets at;
    kept.advance(at, output);
    grad[at.of[kOperand]] += static_cast<float>(total);
  }
};

template <typename Function, int kOperand>
void backward(const BinaryBackwardArguments& arguments, float* grad) {
  if (grad == nullptr) return;
  const Context& context = Context::use(arguments.device);
  const Operands from{arguments.a, arguments.b, arguments.grad_y};
  const auto moves = [](const Broadcast::Axis& axis) {
    return (kOperand == 0 ? axis.a_stride : axis.b_stride) != 0;
  };
  const OperandWalk kept = axes_of(arguments.walk, moves);
  const OperandWalk repeated =
      axes_of(arguments.walk, [&](const Broadcast::Axis& axis) { return !moves(axis); });
  if (repeated.rank == 0) {
    const std::int64_t count = kept.count();
    launch(backward_kernel<Function, kOperand>, each_of(count, context), kept, count, from, grad);
    return;
  }
  RepeatedGradient<Function, kOperand> segments;
  segments.kept = kept;
  segments.repeated = repeated;
  segments.from = from;
  segments.grad = grad;
  reduce_segments(kept.count(), repeated.count(), segments, context);
}

}  // namespace

void binary_forward(const BinaryForwardArguments& arguments) {
  const Context& context = Context::use(arguments.device);
  const OperandWalk walk = axes_of(arguments.walk, [](const Broadcast::Axis&) { return true; });
  const std::int64_t count = walk.count();
  std::visit(
      [&]<typename Function>(Function) {
        launch(forward_kernel<Function>,
               each_of(count, context),
               walk,
               count,
               arguments.a,
               arguments.b,
               arguments.y);
      },
      arguments.function);
}

void binary_backward(const BinaryBackwardArguments& arguments) {
  std::visit(
      [&]<typename Function>(Function) {
        backward<Function, 0>(arguments, arguments.grad_a);
        backward<Function, 1>(arguments, arguments.grad_b);
      },
      arguments.function);
}

}  // namespace spiketape::cuda
