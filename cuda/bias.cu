#include "cuda/bias.hpp"

#include "cuda/launch.cuh"

namespace spiketape::cuda {
namespace {

__global__ void column_sums_kernel(ChunkRows<const float> lambda, double* sums) {
  for (std::int64_t j = thread_index(); j < lambda.neurons; j += thread_stride()) {
    double sum = sums[j];
    for (std::int64_t row = 0; row < lambda.samples * lambda.steps; ++row)
      sum += static_cast<double>(lambda.data[row * lambda.neurons + j]);
    sums[j] = sum;
  }
}

__global__ void add_bias_kernel(const double* sums, std::int64_t count, float* grad) {
  for (std::int64_t j = thread_index(); j < count; j += thread_stride())
    grad[j] += static_cast<float>(sums[j]);
}

__global__ void add_to_total_kernel(const float* bias, std::int64_t count, double* total) {
  for (std::int64_t j = thread_index(); j < count; j += thread_stride())
    total[j] += static_cast<double>(bias[j]);
}

}  // namespace

Buffer<double> total_bias(const CurrentView& current) {
  if (current.biases.empty()) return {};
  const Context& context = Context::use(current.device);
  auto total = Buffer<double>::zeros(
      static_cast<std::size_t>(current.neurons), current.device, MemoryTag::scratch);
  for (const Tensor* const bias : current.biases)
    launch(add_to_total_kernel,
           each_of(current.neurons, context),
           bias->data(),
           current.neurons,
           total.data());
  return total;
}

void add_column_sums(const Context& context, const ChunkRows<const float>& lambda, double* sums) {
  launch(column_sums_kernel, each_of(lambda.neurons, context), lambda, sums);
}

void add_bias_gradient(const Context& context,
                       const double* sums,
                       std::int64_t count,
                       float* grad) {
  launch(add_bias_kernel, each_of(count, context), sums, count, grad);
}

}  // namespace spiketape::cuda
