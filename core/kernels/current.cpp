#include "core/kernels/current.hpp"

#include <algorithm>

#include "core/kernels/simd.hpp"
#include "core/parallel.hpp"

namespace spiketape::cpu {

RowScratch::RowScratch(std::int64_t rows, std::int64_t columns)
    : stride_(padded(columns)),
      data_(static_cast<std::size_t>(rows * stride_), kCpu, MemoryTag::scratch) {}

SampleRows<float> RowScratch::rows(std::int64_t first_sample,
                                   std::int64_t samples,
                                   Columns columns) {
  return {data_.data(), padded(columns.count()), first_sample, samples, columns};
}

SampleRows<const float> as_const(const SampleRows<float>& rows) {
  return {rows.data, rows.stride, rows.first_sample, rows.samples, rows.columns};
}

Buffer<double> total_bias(const CurrentView& current) {
  if (current.biases.empty()) return {};
  auto total = Buffer<double>::zeros(
      static_cast<std::size_t>(padded(current.neurons)), kCpu, MemoryTag::scratch);
  for (const Tensor* bias : current.biases)
    for (std::int64_t j = 0; j < current.neurons; ++j)
      total.data()[j] += static_cast<double>(bias->data()[j]);
  return total;
}

void fill_current(const CurrentView& current,
                  const Buffer<double>& bias,
                  const std::function<bool(const CurrentView::Term&)>& wanted,
                  const SampleRows<float>& rows) {
  for (std::int64_t row = 0; row < rows.samples * current.steps; ++row) {
    float* const to = rows.data + row * rows.stride;
    if (bias.empty())
      std::fill_n(to, rows.stride, 0.0f);
    else
      std::transform(bias.data() + rows.columns.begin,
                     bias.data() + rows.columns.begin + rows.stride,
                     to,
                     [](double x) { return static_cast<float>(x); });
  }
  for (const CurrentView::Term& term : current.terms)
    if (wanted(term)) term.synapse.gather(term.source, term.weight, term.amplitude, rows);
}

Tensor dense_current(const CurrentView& current) {
  Tensor dense({current.batch, current.steps, current.neurons});
  const Buffer<double> bias = total_bias(current);
  parallel_for(current.batch, [&](std::int64_t sample) {
    RowScratch scratch(current.steps, current.neurons);
    const SampleRows<float> rows = scratch.rows(sample, 1, {0, current.neurons});
    fill_current(
        current, bias, [](const CurrentView::Term&) { return true; }, rows);
    for (std::int64_t step = 0; step < current.steps; ++step)
      std::copy_n(rows.data + step * rows.stride,
                  current.neurons,
                  dense.data() + (sample * current.steps + step) * current.neurons);
  });
  return dense;
}

}  // namespace spiketape::cpu
