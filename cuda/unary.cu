#include "core/kernels/unary.hpp"

#include "cuda/launch.cuh"

namespace spiketape::cuda {
namespace {

template <typename Function>
__global__ void forward_kernel(Function function, std::int64_t count, const float* x, float* y) {
  for (std::int64_t i = thread_index(); i < count; i += thread_stride())
    y[i] = function.value(x[i]);
}

template <typename Function>
__global__ void backward_kernel(Function function,
                                std::int64_t count,
                                const float* x,
                                const float* y,
                                const float* grad_y,
                                float* grad_x) {
  for (std::int64_t i = thread_index(); i < count; i += thread_stride())
    grad_x[i] += grad_y[i] * function.slope(x[i], y[i]);
}

}  // namespace

void unary_forward(const UnaryForwardArguments& arguments) {
  const LaunchShape shape = each_of(arguments.count, Context::use(arguments.device));
  std::visit(
      [&](auto function) {
        launch(forward_kernel<decltype(function)>,
               shape,
               function,
               arguments.count,
               arguments.x,
               arguments.y);
      },
      arguments.function);
}

void unary_backward(const UnaryBackwardArguments& arguments) {
  const LaunchShape shape = each_of(arguments.count, Context::use(arguments.device));
  std::visit(
      [&](auto function) {
        launch(backward_kernel<decltype(function)>,
               shape,
               function,
               arguments.count,
               arguments.x,
               arguments.y,
               arguments.grad_y,
               arguments.grad_x);
      },
      arguments.function);
}

}  // namespace spiketape::cuda
