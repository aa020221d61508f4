#include "core/kernels/scaled_weights.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/kernels/simd.hpp"
#include "core/parallel.hpp"

namespace spiketape::cpu {
namespace {

/// The coarsest quantum worth using: its rounding is that of float sums of size 1.
constexpr double kCoarsest = 0x1p-24;
/// Weights from which the cost of sums counts. Smaller layers sum in double: a rounded weight errs
/// the same way at every spike, which a very sensitive network (recurrent, current-based) shows in
/// the fifth digit of its gradients.
constexpr std::int64_t kWorthwhile = 1 << 16;
constexpr std::int64_t kRowsPerTask = 128;

/// The largest |value|; not finite when any value is not (bit patterns order like the numbers, NaN
/// last).
double largest(const Tensor& tensor) {
  const std::int64_t grain = 1 << 15;
  std::vector<std::uint32_t> parts(static_cast<std::size_t>(tensor.size() / grain + 1));
  parallel_ranges(tensor.size(), grain, [&](std::int64_t begin, std::int64_t end) {
    std::uint32_t most = 0;
    for (std::int64_t i = begin; i < end; ++i)
      most = std::max(most, std::bit_cast<std::uint32_t>(tensor.data()[i]) & 0x7fffffffu);
    parts[static_cast<std::size_t>(begin / grain)] = most;
  });
  return static_cast<double>(std::bit_cast<float>(*std::max_element(parts.begin(), parts.end())));
}

std::uint32_t most_events_in_a_step(const SpikeTensor& source) {
  const auto offsets = source.event_offsets();
  std::uint32_t most = 0;
  for (std::size_t row = 1; row < offsets.size(); ++row)
    most = std::max(most, offsets[row] - offsets[row - 1]);
  return most;
}

/// The largest sum over rows of |weight| among the columns: the most that own spikes can bring.
double largest_column_sum(const Tensor& weight) {
  std::vector<double> sums(static_cast<std::size_t>(weight.dim(1)));
  for (std::int64_t i = 0; i < weight.size(); ++i)
    sums[static_cast<std::size_t>(i % weight.dim(1))] +=
        std::fabs(static_cast<double>(weight.data()[i]));
  double most = 0.0;
  for (const double sum : sums) most = sum > most || std::isnan(sum) ? sum : most;
  return most;
}

/// The nearest whole multiples of 1 / scale, rows padded to `stride`.
Buffer<std::int32_t> to_whole(const Tensor& weight, float scale, std::int64_t stride) {
  const std::int64_t rows = weight.dim(0);
  const std::int64_t columns = weight.dim(1);
  Buffer<std::int32_t> whole(static_cast<std::size_t>(rows * stride), kCpu, MemoryTag::scratch);
  parallel_ranges(rows, kRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const float* const from = weight.data() + row * columns;
      std::int32_t* const to = whole.data() + row * stride;
      for (std::int64_t j = 0; j < columns; ++j)
        to[j] = static_cast<std::int32_t>(std::lrint(from[j] * scale));
      std::fill(to + columns, to + stride, 0);
    }
  });
  return whole;
}

/// The most that |current| of one neuron can be in one step.
double bound(const CurrentView& current, const Buffer<double>& total_bias) {
  double most = 0.0;
  for (const CurrentView::Term& term : current.terms)
    most += static_cast<double>(most_events_in_a_step(term.source)) * largest(term.weight) *
            std::fabs(static_cast<double>(term.amplitude));
  if (current.recurrence != nullptr) most += largest_column_sum(*current.recurrence);
  double bias = 0.0;
  for (const double value : total_bias.span())
    bias = std::fabs(value) > bias || std::isnan(value) ? std::fabs(value) : bias;
  return most + bias;
}

}  // namespace

ScaledWeights scale_weights(const CurrentView& current, const Buffer<double>& total_bias) {
  ScaledWeights scaled;
  scaled.stride = padded(current.neurons);
  std::int64_t weights = 0;
  for (const CurrentView::Term& term : current.terms) {
    if (!term.synapse.sums_weight_rows(term.source)) return scaled;
    weights += term.weight.size();
  }
  if (weights < kWorthwhile) return scaled;
  const double most = bound(current, total_bias) * 1.0001;
  if (!std::isfinite(most)) return scaled;
  const double quantum =
      std::max(std::ldexp(1.0, most > 0.0 ? std::ilogb(most) + 1 - 31 : -31), 0x1p-60);
  if (quantum > kCoarsest) return scaled;
  scaled.quantum = quantum;
  const auto scale = static_cast<float>(1.0 / quantum);
  for (const CurrentView::Term& term : current.terms)
    scaled.terms.push_back(to_whole(term.weight, scale * term.amplitude, scaled.stride));
  if (current.recurrence != nullptr)
    scaled.recurrence = to_whole(*current.recurrence, scale, scaled.stride);
  if (!total_bias.empty()) {
    scaled.bias = Buffer<std::int32_t>(total_bias.size(), kCpu, MemoryTag::scratch);
    for (std::size_t j = 0; j < total_bias.size(); ++j)
      scaled.bias[j] = static_cast<std::int32_t>(std::lround(total_bias[j] / quantum));
  }
  return scaled;
}

}  // namespace spiketape::cpu
