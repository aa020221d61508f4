#include "core/kernels/loss.hpp"

#include <cmath>

#include "cuda/segments.cuh"
#include "cuda/warp_maximum.cuh"

namespace spiketape::cuda {
namespace {

/// A warp for each sample. The maximum may pass over a NaN, but the sum does not.
__global__ void log_sum_exp_kernel(std::int64_t batch,
                                   std::int64_t classes,
                                   const float* scores,
                                   double* z) {
  for (std::int64_t b = thread_index() / kWarp; b < batch; b += thread_stride() / kWarp) {
    const float* x = scores + b * classes;
    const auto highest = static_cast<double>(warp_maximum(x, classes));
    double total = 0.0;
    for (std::int64_t i = lane_index(); i < classes; i += kWarp)
      total += std::exp(static_cast<double>(x[i]) - highest);
    total = warp_sum(total);
    if (lane_index() == 0) z[b] = highest + std::log(total);
  }
}

struct MeanNegativeLogLikelihood : SumInDouble {
  std::int64_t batch;
  std::int64_t classes;
  const float* scores;
  const std::int32_t* labels;
  const double* z;
  float* loss;

  __device__ double term(std::int64_t /*output*/, std::int64_t b) const {
    return z[b] - static_cast<double>(scores[b * classes + labels[b]]);
  }
  __device__ void store(std::int64_t /*output*/, double total) const {
    *loss = static_cast<float>(total / static_cast<double>(batch));
  }
};

__global__ void cross_entropy_backward_kernel(std::int64_t batch,
                                              std::int64_t classes,
                                              const float* scores,
                                              const std::int32_t* labels,
                                              const double* z,
                                              const float* grad_loss,
                                              float* grad_scores) {
  const double g = static_cast<double>(*grad_loss) / static_cast<double>(batch);
  for (std::int64_t i = thread_index(); i < batch * classes; i += thread_stride()) {
    const std::int64_t b = i / classes;
    const double log_p = static_cast<double>(scores[i]) - z[b];
    const double p = i - b * classes == labels[b] ? std::expm1(log_p) : std::exp(log_p);
    grad_scores[i] += static_cast<float>(g * p);
  }
}

struct MeanSquaredError : SumInDouble {
  std::int64_t count;
  const float* x;
  const float* target;
  float* loss;

  __device__ double term(std::int64_t /*output*/, std::int64_t i) const {
    const double difference = static_cast<double>(x[i]) - static_cast<double>(target[i]);
    return difference * difference;
  }
  __device__ void store(std::int64_t /*output*/, double total) const {
    *loss = static_cast<float>(total / static_cast<double>(count));
  }
};

__global__ void mean_squared_error_backward_kernel(std::int64_t count,
                                                   const float* x,
                                                   const float* target,
                                                   const float* grad_loss,
                                                   float* grad_x) {
  const float factor = 2.0f * *grad_loss / static_cast<float>(count);
  for (std::int64_t i = thread_index(); i < count; i += thread_stride())
    grad_x[i] += factor * (x[i] - target[i]);
}

}  // namespace

void cross_entropy_forward(const CrossEntropyForwardArguments& arguments) {
  const Context& context = Context::use(arguments.device);
  launch(log_sum_exp_kernel,
         each_of(arguments.batch * kWarp, context),
         arguments.batch,
         arguments.classes,
         arguments.scores,
         arguments.z);
  MeanNegativeLogLikelihood segments;
  segments.batch = arguments.batch;
  segments.classes = arguments.classes;
  segments.scores = arguments.scores;
  segments.labels = arguments.labels;
  segments.z = arguments.z;
  segments.loss = arguments.loss;
  reduce_segments(1, arguments.batch, segments, context);
}

void cross_entropy_backward(const CrossEntropyBackwardArguments& arguments) {
  launch(cross_entropy_backward_kernel,
         each_of(arguments.batch * arguments.classes, Context::use(arguments.device)),
         arguments.batch,
         arguments.classes,
         arguments.scores,
         arguments.labels,
         arguments.z,
         arguments.grad_loss,
         arguments.grad_scores);
}

void mean_squared_error_forward(const MeanSquaredErrorForwardArguments& arguments) {
  MeanSquaredError segments;
  segments.count = arguments.count;
  segments.x = arguments.x;
  segments.target = arguments.target;
  segments.loss = arguments.loss;
  reduce_segments(1, arguments.count, segments, Context::use(arguments.device));
}

void mean_squared_error_backward(const MeanSquaredErrorBackwardArguments& arguments) {
  launch(mean_squared_error_backward_kernel,
         each_of(arguments.count, Context::use(arguments.device)),
         arguments.count,
         arguments.x,
         arguments.target,
         arguments.grad_loss,
         arguments.grad_x);
}

}  // namespace spiketape::cuda
