#pragma once

#include "cuda/context.hpp"
#include "cuda/linear_chunk.hpp"

/// The constant part of a current, and its gradient.
namespace spiketape::cuda {

/// The sum of all biases in double, [neurons]; empty when there is none.
Buffer<double> total_bias(const CurrentView& current);

/// sums[j] += the column's lambdas, in a fixed order.
void add_column_sums(const Context& context, const ChunkRows<const float>& lambda, double* sums);

/// grad[j] += sums[j]
void add_bias_gradient(const Context& context, const double* sums, std::int64_t count, float* grad);

}  // namespace spiketape::cuda
