// Reading guide: scatter is where backprop spends its time. Adding lambda[t] to a row of grad for
// each event would read and write that row every time; with the events of a few samples sorted by
// unit the lambdas of one unit add up in registers, and its row of grad is read and written once.
#include "core/kernels/linear_events.hpp"

#include <algorithm>
#include <array>

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/linear_events.cpp"  // NOLINT(bugprone-suspicious-include)
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it includes this file again for each target.
#include <hwy/highway.h>

#include "core/kernels/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace spiketape::cpu {
namespace HWY_NAMESPACE {

void gather_all(const SpikeTensor& source,
                const float* weights,
                std::int64_t outputs,
                float amplitude,
                const SampleRows<float>& current) {
  const auto offsets = source.event_offsets();
  const RowGather<DoubleSum> gather(current.columns.count());
  Buffer<double> sum(
      static_cast<std::size_t>(padded(current.columns.count())), kCpu, MemoryTag::scratch);
  const std::int64_t first_row = current.first_sample * source.steps();
  for (std::int64_t row = 0; row < current.samples * source.steps(); ++row) {
    const std::uint32_t begin = offsets[static_cast<std::size_t>(first_row + row)];
    const std::uint32_t end = offsets[static_cast<std::size_t>(first_row + row + 1)];
    if (begin == end) continue;
    gather({weights + current.columns.begin,
            outputs,
            source.event_units().data() + begin,
            end - begin},
           nullptr,
           sum.data());
    float* const out = current.data + row * current.stride;
    for (std::int64_t j = 0; j < current.columns.count(); ++j)
      out[j] += amplitude * static_cast<float>(sum.data()[j]);
  }
}

void scatter_all(const EventsByUnit& events,
                 const SampleRows<const float>& lambda,
                 float amplitude,
                 float* grad,
                 std::int64_t stride) {
  const Tag d;
  const std::int64_t columns = lambda.columns.count();
  const RowGather<FloatSum> gather(columns);
  Buffer<float> sum(static_cast<std::size_t>(padded(columns)), kCpu, MemoryTag::scratch);
  const auto factor = hn::Set(d, amplitude);
  for (std::int64_t i = 0; i < events.fired; ++i) {
    const std::uint32_t begin = events.begins.data()[i];
    const std::uint32_t count = events.begins.data()[i + 1] - begin;
    float* const row = grad + events.units.data()[i] * stride;
    const FiredRows<float> rows{lambda.data, lambda.stride, events.rows.data() + begin, count};
    if (amplitude == 1.0f) {
      gather(rows, row, row);
      continue;
    }
    gather(rows, nullptr, sum.data());
    for (std::int64_t j = 0; j < columns; j += kLanes)
      hn::Store(hn::MulAdd(factor, hn::Load(d, sum.data() + j), hn::Load(d, row + j)), d, row + j);
  }
}

/// One row of sample_all(): grad[e] += amplitude * weights[unit e] . lambda over kVectors vectors,
/// with lambda in registers.
template <int kVectors>
void sample_row(const FiredRows<float>& rows, const float* lambda, float amplitude, float* grad) {
  const Tag d;
  Vector own[kVectors];
#pragma GCC unroll 16
  for (int v = 0; v < kVectors; ++v) own[v] = hn::Load(d, lambda + v * kLanes);
  for (std::int64_t e = 0; e < rows.count; ++e) {
    const float* const weight = rows.weights + rows.units[e] * rows.stride;
    auto even = hn::Mul(own[0], hn::LoadU(d, weight));
    auto odd = hn::Zero(d);
#pragma GCC unroll 16
    for (int v = 1; v < kVectors; ++v) {
      auto& sum = v % 2 == 0 ? even : odd;
      sum = hn::MulAdd(own[v], hn::LoadU(d, weight + v * kLanes), sum);
    }
    grad[e] += amplitude * hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  }
}

template <int... kVectors>
constexpr auto sample_rows(std::integer_sequence<int, kVectors...> /*sizes*/) {
  return std::array{&sample_row<kVectors + 1>...};
}

void sample_all(const SpikeTensor& source,
                const float* weights,
                std::int64_t outputs,
                const SampleRows<const float>& lambda,
                float amplitude,
                float* grad_source) {
  constexpr std::int64_t kMost = FloatSum::kTile;
  static constexpr auto kSampleRow = sample_rows(std::make_integer_sequence<int, kMost>());
  const auto offsets = source.active_offsets();
  const UnitId* const units = source.active_units().data();
  const std::int64_t first_row = lambda.first_sample * source.steps();
  const std::int64_t vectors = (lambda.columns.count() + kLanes - 1) / kLanes;
  const std::int64_t tile = near_equal_tile(vectors, kMost);
  for (std::int64_t row = 0; row < lambda.samples * source.steps(); ++row) {
    const std::uint32_t begin = offsets[static_cast<std::size_t>(first_row + row)];
    const std::uint32_t end = offsets[static_cast<std::size_t>(first_row + row + 1)];
    if (begin == end) continue;
    for (std::int64_t v = 0; v < vectors; v += tile)
      kSampleRow[static_cast<std::size_t>(std::min(tile, vectors - v) - 1)](
          {weights + lambda.columns.begin + v * kLanes, outputs, units + begin, end - begin},
          lambda.data + row * lambda.stride + v * kLanes,
          amplitude,
          grad_source + begin);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace spiketape::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spiketape::cpu {
namespace {

HWY_EXPORT(gather_all);
HWY_EXPORT(scatter_all);
HWY_EXPORT(sample_all);

}  // namespace

void gather_events(const SpikeTensor& source,
                   const float* weights,
                   std::int64_t outputs,
                   float amplitude,
                   const SampleRows<float>& current) {
  if (source.event_count() == 0) return;
  HWY_DYNAMIC_DISPATCH(gather_all)(source, weights, outputs, amplitude, current);
}

void scatter_events(const EventsByUnit& events,
                    const SampleRows<const float>& lambda,
                    float amplitude,
                    float* grad,
                    std::int64_t stride) {
  HWY_DYNAMIC_DISPATCH(scatter_all)(events, lambda, amplitude, grad, stride);
}

void sample_active(const SpikeTensor& source,
                   const float* weights,
                   std::int64_t outputs,
                   const SampleRows<const float>& lambda,
                   float amplitude,
                   float* grad_source) {
  if (source.active_count() == 0) return;
  HWY_DYNAMIC_DISPATCH(sample_all)(source, weights, outputs, lambda, amplitude, grad_source);
}

}  // namespace spiketape::cpu
#endif
