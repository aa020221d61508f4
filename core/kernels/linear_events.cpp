// Reading guide: scatter is where backprop spends its time. Adding lambda[t] to a row of grad for
// each event would read and write that row every time; instead the events of a few samples are
// first sorted by unit, so that the lambdas of one unit add up in registers and its row of grad is
// read and written once. Two vectors of columns at a time keep the lambdas of all steps in the
// first-level cache.
#include "core/kernels/linear_events.hpp"

#include <algorithm>

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/linear_events.cpp"  // NOLINT(bugprone-suspicious-include)
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it includes this file again for each target.
#include <hwy/highway.h>

#include "core/kernels/vector-inl.hpp"

#ifndef SPIKETAPE_LINEAR_EVENTS_ONCE
#define SPIKETAPE_LINEAR_EVENTS_ONCE
namespace spiketape::cpu {

/// The events of some samples, by unit: unit i fired in `rows[offsets[i]] ...`, row = sample *
/// steps + step counted from the first of the samples.
struct EventsByUnit {
  Buffer<std::uint32_t> offsets;
  Buffer<std::uint32_t> rows;
};

/// What scatter adds: lambda rows of `stride` floats into grad rows of `outputs` floats, from
/// column `column` on.
struct ScatterArguments {
  const EventsByUnit& events;
  std::int64_t units;
  SampleRows<const float> lambda;
  float amplitude;
  std::int64_t outputs;
  float* grad;
};

}  // namespace spiketape::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace spiketape::cpu {
namespace HWY_NAMESPACE {

void gather_all(const SpikeTensor& source,
                const float* weights,
                std::int64_t outputs,
                float amplitude,
                const SampleRows<float>& current) {
  const auto offsets = source.event_offsets();
  const RowGather gather(current.columns.count());
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
            end - begin,
            amplitude},
           nullptr,
           sum.data());
    float* const out = current.data + row * current.stride;
    for (std::int64_t j = 0; j < current.columns.count(); ++j)
      out[j] += static_cast<float>(sum.data()[j]);
  }
}

/// The columns [column, column + kVectors * kLanes) of every unit's row; `tail` of them exist in
/// the last vector.
template <int kVectors>
void scatter_columns(const ScatterArguments& arguments, std::int64_t column, std::int64_t tail) {
  const Tag d;
  const auto amplitude = hn::Set(d, arguments.amplitude);
  const auto in_row = hn::FirstN(d, static_cast<std::size_t>(tail));
  const float* const lambda = arguments.lambda.data + column;
  const std::uint32_t* const rows = arguments.events.rows.data();
  for (std::int64_t unit = 0; unit < arguments.units; ++unit) {
    const std::uint32_t begin = arguments.events.offsets[static_cast<std::size_t>(unit)];
    const std::uint32_t end = arguments.events.offsets[static_cast<std::size_t>(unit) + 1];
    if (begin == end) continue;
    Vector sum[kVectors];
    for (int v = 0; v < kVectors; ++v) sum[v] = hn::Zero(d);
    for (std::uint32_t e = begin; e < end; ++e) {
      const float* row = lambda + rows[e] * arguments.lambda.stride;
      for (int v = 0; v < kVectors; ++v) sum[v] = hn::Add(sum[v], hn::Load(d, row + v * kLanes));
    }
    float* grad =
        arguments.grad + unit * arguments.outputs + arguments.lambda.columns.begin + column;
    for (int v = 0; v + 1 < kVectors; ++v)
      hn::StoreU(
          hn::MulAdd(amplitude, sum[v], hn::LoadU(d, grad + v * kLanes)), d, grad + v * kLanes);
    float* last = grad + (kVectors - 1) * kLanes;
    hn::BlendedStore(hn::MulAdd(amplitude, sum[kVectors - 1], hn::LoadU(d, last)), in_row, d, last);
  }
}

void scatter_all(const ScatterArguments& arguments) {
  const std::int64_t columns = arguments.lambda.columns.count();
  constexpr std::int64_t kPair = 2 * kLanes;
  std::int64_t column = 0;
  for (; column + kLanes < columns; column += kPair)
    scatter_columns<2>(
        arguments, column, std::min<std::int64_t>(kLanes, columns - column - kLanes));
  if (column < columns) scatter_columns<1>(arguments, column, columns - column);
}

void sample_all(const SpikeTensor& source,
                const float* weights,
                std::int64_t outputs,
                const SampleRows<const float>& lambda,
                float amplitude,
                float* grad_source) {
  const Tag d;
  const auto offsets = source.active_offsets();
  const UnitId* const units = source.active_units().data();
  const std::int64_t first_row = lambda.first_sample * source.steps();
  const std::int64_t vectors = (lambda.columns.count() + kLanes - 1) / kLanes;
  for (std::int64_t row = 0; row < lambda.samples * source.steps(); ++row) {
    const float* const adjoint = lambda.data + row * lambda.stride;
    const std::uint32_t end = offsets[static_cast<std::size_t>(first_row + row + 1)];
    for (std::uint32_t e = offsets[static_cast<std::size_t>(first_row + row)]; e < end; ++e) {
      const float* const weight = weights + units[e] * outputs + lambda.columns.begin;
      auto even = hn::Zero(d);
      auto odd = hn::Zero(d);
      std::int64_t v = 0;
      for (; v + 2 <= vectors; v += 2) {
        even =
            hn::MulAdd(hn::LoadU(d, weight + v * kLanes), hn::Load(d, adjoint + v * kLanes), even);
        odd = hn::MulAdd(
            hn::LoadU(d, weight + (v + 1) * kLanes), hn::Load(d, adjoint + (v + 1) * kLanes), odd);
      }
      if (v < vectors)
        even =
            hn::MulAdd(hn::LoadU(d, weight + v * kLanes), hn::Load(d, adjoint + v * kLanes), even);
      grad_source[e] += amplitude * hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace spiketape::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spiketape::cpu {
namespace {

EventsByUnit sort_by_unit(const SpikeTensor& source,
                          std::int64_t first_sample,
                          std::int64_t samples) {
  const auto units = static_cast<std::size_t>(source.neurons());
  const auto all = source.event_offsets();
  const auto first_row = static_cast<std::size_t>(first_sample * source.steps());
  const auto row_count = static_cast<std::size_t>(samples * source.steps());
  const std::uint32_t begin = all[first_row];
  const std::uint32_t end = all[first_row + row_count];
  const UnitId* const id = source.event_units().data();
  EventsByUnit by_unit{Buffer<std::uint32_t>::zeros(units + 1, kCpu, MemoryTag::scratch),
                       Buffer<std::uint32_t>(end - begin, kCpu, MemoryTag::scratch)};
  // Count each unit one place ahead; writing the rows then moves offsets[i] from the start of unit
  // i to its end.
  std::uint32_t* const next = by_unit.offsets.data();
  for (std::uint32_t e = begin; e < end; ++e)
    if (id[e] + std::size_t{1} < units) ++next[id[e] + 1];
  for (std::size_t unit = 1; unit < units; ++unit) next[unit] += next[unit - 1];
  for (std::size_t row = 0; row < row_count; ++row)
    for (std::uint32_t e = all[first_row + row]; e < all[first_row + row + 1]; ++e)
      by_unit.rows[next[id[e]]++] = static_cast<std::uint32_t>(row);
  for (std::size_t unit = units; unit > 0; --unit) next[unit] = next[unit - 1];
  next[0] = 0;
  return by_unit;
}

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

void scatter_events(const SpikeTensor& source,
                    const SampleRows<const float>& lambda,
                    float amplitude,
                    std::int64_t outputs,
                    float* grad) {
  if (source.event_count() == 0) return;
  const EventsByUnit events = sort_by_unit(source, lambda.first_sample, lambda.samples);
  HWY_DYNAMIC_DISPATCH(scatter_all)({events, source.neurons(), lambda, amplitude, outputs, grad});
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
