#include "core/kernels/log_softmax.hpp"

#include <cmath>

#include "cuda/warp_maximum.cuh"

// A warp for each row.
namespace spiketape::cuda {
namespace {

__global__ void forward_kernel(std::int64_t rows, std::int64_t classes, const float* x, float* y) {
  const int lane = lane_index();
  for (std::int64_t r = thread_index() / kWarp; r < rows; r += thread_stride() / kWarp) {
    const float* in = x + r * classes;
    float* out = y + r * classes;
    const float highest = warp_maximum(in, classes);
    double total = 0.0;
    for (std::int64_t i = lane; i < classes; i += kWarp)
      total += static_cast<double>(std::exp(in[i] - highest));
    const auto log_total = static_cast<float>(std::log(warp_sum(total)));
    for (std::int64_t i = lane; i < classes; i += kWarp) out[i] = (in[i] - highest) - log_total;
  }
}

__global__ void backward_kernel(
    std::int64_t rows, std::int64_t classes, const float* y, const float* grad_y, float* grad_x) {
  const int lane = lane_index();
  for (std::int64_t r = thread_index() / kWarp; r < rows; r += thread_stride() / kWarp) {
    const float* g = grad_y + r * classes;
    const float* log_p = y + r * classes;
    float* to = grad_x + r * classes;
    double sum = 0.0;
    for (std::int64_t i = lane; i < classes; i += kWarp) sum += static_cast<double>(g[i]);
    const auto total = static_cast<float>(warp_sum(sum));
    for (std::int64_t i = lane; i < classes; i += kWarp) to[i] += g[i] - std::exp(log_p[i]) * total;
  }
}

}  // namespace

void log_softmax_forward(const LogSoftmaxForwardArguments& arguments) {
  if (arguments.classes == 0) return;
  launch(forward_kernel,
         each_of(arguments.rows * kWarp, Context::use(arguments.device)),
         arguments.rows,
         arguments.classes,
         arguments.x,
         arguments.y);
}

void log_softmax_backward(const LogSoftmaxBackwardArguments& arguments) {
  if (arguments.classes == 0) return;
  launch(backward_kernel,
         each_of(arguments.rows * kWarp, Context::use(arguments.device)),
         arguments.rows,
         arguments.classes,
         arguments.y,
         arguments.grad_y,
         arguments.grad_x);
}

}  // namespace spiketape::cuda
