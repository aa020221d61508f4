#include "core/kernels/linear_gemm.hpp"

#include <algorithm>

#include "core/kernels/gemm.hpp"

namespace spiketape::cpu {
namespace {

/// Rows that are densified at once: enough for the product's blocking, small next to a whole
/// sequence.
constexpr std::int64_t kChunk = 256;

/// Calls body(first, count) for chunks of `rows` rows.
template <typename Body>
void for_each_chunk(std::int64_t rows, Body&& body) {
  for (std::int64_t first = 0; first < rows; first += kChunk)
    body(first, std::min(kChunk, rows - first));
}

/// Spike counts of `rows` rows from `first_row` on, dense.
void densify(const SpikeTensor& source,
             std::int64_t first_row,
             std::int64_t rows,
             Buffer<float>& dense) {
  std::fill_n(dense.data(), rows * source.neurons(), 0.0f);
  const std::uint32_t* const offsets = source.event_offsets().data() + first_row;
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::uint32_t e = offsets[row]; e < offsets[row + 1]; ++e)
      dense.data()[row * source.neurons() + source.event_units()[e]] += 1.0f;
}

Buffer<float> chunk_buffer(std::int64_t rows, std::int64_t columns) {
  return Buffer<float>(
      static_cast<std::size_t>(std::min(rows, kChunk) * columns), kCpu, MemoryTag::scratch);
}

}  // namespace

void gather_gemm(const SpikeTensor& source,
                 const float* weights,
                 std::int64_t outputs,
                 float amplitude,
                 const SampleRows<float>& current) {
  const std::int64_t inputs = source.neurons();
  const std::int64_t all = current.samples * source.steps();
  Buffer<float> dense = chunk_buffer(all, inputs);
  for_each_chunk(all, [&](std::int64_t first, std::int64_t rows) {
    densify(source, current.first_sample * source.steps() + first, rows, dense);
    gemm(amplitude,
         {dense.data(), rows, inputs, inputs},
         {weights + current.columns.begin, inputs, current.columns.count(), outputs},
         current.data + first * current.stride,
         current.stride);
  });
}

void scatter_gemm(const SpikeTensor& source,
                  const SampleRows<const float>& lambda,
                  float amplitude,
                  float* grad,
                  std::int64_t stride) {
  const std::int64_t inputs = source.neurons();
  const std::int64_t all = lambda.samples * source.steps();
  Buffer<float> dense = chunk_buffer(all, inputs);
  for_each_chunk(all, [&](std::int64_t first, std::int64_t rows) {
    densify(source, lambda.first_sample * source.steps() + first, rows, dense);
    gemm(amplitude,
         {dense.data(), rows, inputs, inputs, true},
         {lambda.data + first * lambda.stride, rows, lambda.columns.count(), lambda.stride},
         grad,
         stride);
  });
}

void sample_gemm(const SpikeTensor& source,
                 const float* weights,
                 std::int64_t outputs,
                 const SampleRows<const float>& lambda,
                 float amplitude,
                 float* grad_source) {
  const std::int64_t inputs = source.neurons();
  const std::int64_t all = lambda.samples * source.steps();
  Buffer<float> dense = chunk_buffer(all, inputs);
  for_each_chunk(all, [&](std::int64_t first, std::int64_t rows) {
    std::fill_n(dense.data(), rows * inputs, 0.0f);
    gemm(amplitude,
         {lambda.data + first * lambda.stride, rows, lambda.columns.count(), lambda.stride},
         {weights + lambda.columns.begin, inputs, lambda.columns.count(), outputs, true},
         dense.data(),
         inputs);
    const std::uint32_t* const offsets =
        source.active_offsets().data() + lambda.first_sample * source.steps() + first;
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::uint32_t e = offsets[row]; e < offsets[row + 1]; ++e)
        grad_source[e] += dense.data()[row * inputs + source.active_units()[e]];
  });
}

}  // namespace spiketape::cpu
