#include "core/kernels/adjoint.hpp"

#include <algorithm>

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/adjoint.cpp"  // NOLINT(bugprone-suspicious-include)
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it includes this file again for each target.
#include <hwy/highway.h>

#include "core/kernels/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace spiketape::cpu {
namespace HWY_NAMESPACE {

/// The adjoint p of the states of some columns, p[q * width + column].
template <int kStates, bool kPerNeuron>
class Adjoint {
 public:
  Adjoint(const PackedNeuron<float>& neuron, Columns columns)
      : neuron_(neuron),
        columns_(columns),
        width_(padded(columns.count())),
        p_(Buffer<float>::zeros(
            static_cast<std::size_t>(kStates * width_), kCpu, MemoryTag::scratch)) {}

  std::int64_t width() const { return width_; }
  float& at(int state, std::int64_t column) { return p_.data()[state * width_ + column]; }

  /// Walks `count` rows down from `last`: each holds eps and becomes lambda <- b . p, while p <-
  /// A^T p + c eps.
  void walk(float* last, std::int64_t stride, std::int64_t count) {
    std::int64_t j = 0;
    for (; j + 4 * kLanes <= width_; j += 4 * kLanes) walk_columns<4>(last + j, j, stride, count);
    const std::int64_t rest = (width_ - j) / kLanes;
    if (rest == 3) walk_columns<3>(last + j, j, stride, count);
    if (rest == 2) walk_columns<2>(last + j, j, stride, count);
    if (rest == 1) walk_columns<1>(last + j, j, stride, count);
  }

  /// p[column] += c eps.
  void inject(std::int64_t column, float eps) {
    for (int q = 0; q < kStates; ++q) at(q, column) += coefficient(neuron_.c(q), column) * eps;
  }

  float coefficient(const float* values, std::int64_t column) const {
    return kPerNeuron ? values[columns_.begin + column] : values[0];
  }

 private:
  /// A few vectors of columns with p in registers; several at once hide the latency of the
  /// recursion.
  template <int kVectors>
  void walk_columns(float* row, std::int64_t j, std::int64_t stride, std::int64_t count) {
    const Tag d;
    const auto read = [&](const float* from, int v) {
      return kPerNeuron ? hn::LoadU(d, from + columns_.begin + j + v * kLanes)
                        : hn::Set(d, from[0]);
    };
    Vector a[kStates][kStates][kVectors], b[kStates][kVectors], c[kStates][kVectors],
        p[kStates][kVectors];
    for (int q = 0; q < kStates; ++q)
      for (int v = 0; v < kVectors; ++v) {
        for (int s = 0; s < kStates; ++s) a[s][q][v] = read(neuron_.a(s, q), v);
        b[q][v] = read(neuron_.b(q), v);
        c[q][v] = read(neuron_.c(q), v);
        p[q][v] = hn::Load(d, &at(q, j + v * kLanes));
      }
    for (std::int64_t k = 0; k < count; ++k, row -= stride) {
      for (int v = 0; v < kVectors; ++v) {
        const auto eps = hn::Load(d, row + v * kLanes);
        auto lambda = hn::Mul(b[0][v], p[0][v]);
        for (int q = 1; q < kStates; ++q) lambda = hn::MulAdd(b[q][v], p[q][v], lambda);
        hn::Store(lambda, d, row + v * kLanes);
        Vector next[kStates];
        for (int q = 0; q < kStates; ++q) {
          next[q] = hn::Mul(c[q][v], eps);
          for (int s = 0; s < kStates; ++s) next[q] = hn::MulAdd(a[s][q][v], p[s][v], next[q]);
        }
        for (int q = 0; q < kStates; ++q) p[q][v] = next[q];
      }
    }
    for (int q = 0; q < kStates; ++q)
      for (int v = 0; v < kVectors; ++v) hn::Store(p[q][v], d, &at(q, j + v * kLanes));
  }

  const PackedNeuron<float>& neuron_;
  Columns columns_;
  std::int64_t width_;
  Buffer<float> p_;
};

/// Rows that are spread and walked at once: they stay in the first-level cache in between.
constexpr std::int64_t kChunk = 16;

/// Writes `eps` of rows [first, last] of one sample into zeroed lambda rows.
void spread(const SpikeTensor& spikes,
            const float* eps,
            const std::uint32_t* offsets,
            Columns columns,
            std::int64_t first,
            std::int64_t last,
            const SampleRows<float>& lambda,
            float* rows) {
  const UnitId* const units = spikes.active_units().data();
  const auto begin = static_cast<std::uint32_t>(columns.begin);
  const auto count = static_cast<std::uint32_t>(columns.count());
  const bool all_columns = columns.count() == spikes.neurons();
  for (std::int64_t k = first; k <= last; ++k) {
    float* const row = rows + k * lambda.stride;
    if (all_columns &&
        offsets[k + 1] - offsets[k] == count) {  // everyone is active: dense backprop
      std::copy_n(eps + offsets[k], count, row);
      std::fill(row + count, row + lambda.stride, 0.0f);
      continue;
    }
    std::fill_n(row, lambda.stride, 0.0f);
    for (std::uint32_t e = offsets[k]; e < offsets[k + 1]; ++e) {
      const std::uint32_t column = units[e] - begin;  // wraps for units before the columns
      if (column < count) row[column] = eps[e];
    }
  }
}

template <int kStates, bool kPerNeuron>
void fill_sample(const PackedNeuron<float>& neuron,
                 const SpikeTensor& spikes,
                 const float* eps,
                 std::int64_t sample,
                 const SampleRows<float>& lambda,
                 float* rows) {
  Adjoint<kStates, kPerNeuron> adjoint(neuron, lambda.columns);
  const std::uint32_t* const offsets = spikes.active_offsets().data() + sample * spikes.steps();
  // Behind the last active row every lambda is zero.
  std::int64_t last = spikes.steps() - 1;
  for (; last >= 0 && offsets[last] == offsets[last + 1]; --last)
    std::fill_n(rows + last * lambda.stride, lambda.stride, 0.0f);
  for (; last >= 0; last -= kChunk) {
    const std::int64_t first = std::max<std::int64_t>(last - kChunk + 1, 0);
    spread(spikes, eps, offsets, lambda.columns, first, last, lambda, rows);
    adjoint.walk(rows + last * lambda.stride, lambda.stride, last - first + 1);
  }
}

template <int kStates, bool kPerNeuron>
void couple_sample(const PackedNeuron<float>& neuron,
                   const std::array<bool, NeuronModel::kMaxStates>& gradient_through_jump,
                   const SpikeTensor& spikes,
                   const float* grad,
                   const float* recurrent,
                   std::int64_t sample,
                   float* eps) {
  const Tag d;
  const std::int64_t neurons = spikes.neurons();
  Adjoint<kStates, kPerNeuron> adjoint(neuron, {0, neurons});
  auto lambda =
      Buffer<float>::zeros(static_cast<std::size_t>(adjoint.width()), kCpu, MemoryTag::scratch);
  // p[k+1] is needed after step() has moved p on: keep the feedback through the jumps beside
  // lambda.
  auto feedback =
      Buffer<float>::zeros(static_cast<std::size_t>(adjoint.width()), kCpu, MemoryTag::scratch);
  const std::uint32_t* const offsets = spikes.active_offsets().data() + sample * spikes.steps();
  const UnitId* const units = spikes.active_units().data();
  const float* const slope = spikes.slopes().data();
  for (std::int64_t k = spikes.steps() - 1; k >= 0; --k) {
    for (std::uint32_t e = offsets[k]; e < offsets[k + 1]; ++e) {
      const std::int64_t j = units[e];
      float sum = 0.0f;
      for (int q = 0; q < kStates; ++q)
        if (gradient_through_jump[static_cast<std::size_t>(q)])
          sum += adjoint.coefficient(neuron.r(q), j) * adjoint.at(q, j);
      feedback[static_cast<std::size_t>(j)] = sum;
    }
    std::fill_n(lambda.data(), adjoint.width(), 0.0f);
    adjoint.walk(lambda.data(), adjoint.width(), 1);
    for (std::uint32_t e = offsets[k]; e < offsets[k + 1]; ++e) {
      const std::int64_t j = units[e];
      float total = grad[e] + feedback[static_cast<std::size_t>(j)];
      if (recurrent != nullptr) {
        auto dot = hn::Zero(d);
        for (std::int64_t i = 0; i < neurons; i += kLanes)
          dot = hn::MulAdd(
              hn::LoadU(d, recurrent + j * neurons + i), hn::Load(d, lambda.data() + i), dot);
        total += hn::GetLane(hn::SumOfLanes(d, dot));
      }
      eps[e] = slope[e] * total;
      adjoint.inject(j, eps[e]);
    }
  }
}

template <int kStates>
void fill_rows(const PackedNeuron<float>& neuron,
               const SpikeTensor& spikes,
               const float* eps,
               const SampleRows<float>& lambda) {
  for (std::int64_t s = 0; s < lambda.samples; ++s) {
    const auto fill =
        neuron.per_neuron ? &fill_sample<kStates, true> : &fill_sample<kStates, false>;
    fill(neuron,
         spikes,
         eps,
         lambda.first_sample + s,
         lambda,
         lambda.data + s * spikes.steps() * lambda.stride);
  }
}

void fill(const PackedNeuron<float>& neuron,
          const SpikeTensor& spikes,
          const float* eps,
          const SampleRows<float>& lambda) {
  constexpr std::array kFill = {&fill_rows<1>, &fill_rows<2>, &fill_rows<3>};
  kFill[static_cast<std::size_t>(neuron.states - 1)](neuron, spikes, eps, lambda);
}

void walk_one_state(const PackedNeuron<float>& neuron,
                    std::int64_t steps,
                    const SampleRows<float>& rows) {
  for (std::int64_t s = 0; s < rows.samples; ++s)
    Adjoint<1, false>(neuron, rows.columns)
        .walk(rows.data + ((s + 1) * steps - 1) * rows.stride, rows.stride, steps);
}

void couple(const PackedNeuron<float>& neuron,
            const std::array<bool, NeuronModel::kMaxStates>& gradient_through_jump,
            const SpikeTensor& spikes,
            const float* grad,
            const float* recurrent,
            std::int64_t sample,
            float* eps) {
  constexpr std::array kShared = {
      &couple_sample<1, false>, &couple_sample<2, false>, &couple_sample<3, false>};
  constexpr std::array kPerNeuron = {
      &couple_sample<1, true>, &couple_sample<2, true>, &couple_sample<3, true>};
  const auto couple_one =
      (neuron.per_neuron ? kPerNeuron : kShared)[static_cast<std::size_t>(neuron.states - 1)];
  couple_one(neuron, gradient_through_jump, spikes, grad, recurrent, sample, eps);
}

}  // namespace HWY_NAMESPACE
}  // namespace spiketape::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spiketape::cpu {

HWY_EXPORT(fill);
HWY_EXPORT(couple);
HWY_EXPORT(walk_one_state);

void walk_readout(const PackedNeuron<float>& neuron,
                  std::int64_t steps,
                  const SampleRows<float>& rows) {
  HWY_DYNAMIC_DISPATCH(walk_one_state)(neuron, steps, rows);
}

void fill_lambda(const PackedNeuron<float>& neuron,
                 const SpikeTensor& spikes,
                 const float* eps,
                 const SampleRows<float>& lambda) {
  HWY_DYNAMIC_DISPATCH(fill)(neuron, spikes, eps, lambda);
}

void couple_eps(const PackedNeuron<float>& neuron,
                const std::array<bool, NeuronModel::kMaxStates>& gradient_through_jump,
                const SpikeTensor& spikes,
                const float* grad,
                const float* recurrent,
                std::int64_t sample,
                float* eps) {
  HWY_DYNAMIC_DISPATCH(couple)(neuron, gradient_through_jump, spikes, grad, recurrent, sample, eps);
}

}  // namespace spiketape::cpu
#endif
