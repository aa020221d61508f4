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

  /// One step back: lambda <- b . p, then p <- A^T p.
  void step_back(float* lambda) {
    const Tag d;
    for (std::int64_t j = 0; j < width_; j += kLanes) {
      const auto read = [&](const float* from) {
        return kPerNeuron ? hn::LoadU(d, from + columns_.begin + j) : hn::Set(d, from[0]);
      };
      Vector p[kStates];
      for (int q = 0; q < kStates; ++q) p[q] = hn::Load(d, &at(q, j));
      auto sum = hn::Mul(read(neuron_.b(0)), p[0]);
      for (int q = 1; q < kStates; ++q) sum = hn::MulAdd(read(neuron_.b(q)), p[q], sum);
      hn::Store(sum, d, lambda + j);
      for (int q = 0; q < kStates; ++q) {
        auto next = hn::Mul(read(neuron_.a(0, q)), p[0]);
        for (int s = 1; s < kStates; ++s) next = hn::MulAdd(read(neuron_.a(s, q)), p[s], next);
        hn::Store(next, d, &at(q, j));
      }
    }
  }

  /// p[column] += c eps.
  void inject(std::int64_t column, float eps) {
    for (int q = 0; q < kStates; ++q) at(q, column) += coefficient(neuron_.c(q), column) * eps;
  }

  float coefficient(const float* values, std::int64_t column) const {
    return kPerNeuron ? values[columns_.begin + column] : values[0];
  }

 private:
  const PackedNeuron<float>& neuron_;
  Columns columns_;
  std::int64_t width_;
  Buffer<float> p_;
};

/// The active entries of one sample with eps = slope * dL/dS.
struct ActiveEps {
  ActiveEps(const SpikeTensor& spikes, const float* all_grad, std::int64_t sample)
      : steps(spikes.steps()),
        neurons(spikes.neurons()),
        offsets(spikes.active_offsets().data() + sample * spikes.steps()),
        units(spikes.active_units().data()),
        slope(spikes.slopes().data()),
        grad(all_grad) {}

  /// Calls take(column, eps) for each entry of row `k` among the columns.
  template <typename Take>
  void for_each(std::int64_t k, Columns columns, Take&& take) const {
    const auto begin = static_cast<std::uint32_t>(columns.begin);
    const auto count = static_cast<std::uint32_t>(columns.count());
    for (std::uint32_t e = offsets[k]; e < offsets[k + 1]; ++e)
      if (const std::uint32_t column = units[e] - begin; column < count)  // wraps for units before
        take(column, slope[e] * grad[e]);
  }

  /// Whether row `k` has every neuron, in order: dense backprop.
  bool everyone(std::int64_t k) const { return offsets[k + 1] - offsets[k] == neurons; }

  std::int64_t steps;
  std::int64_t neurons;
  const std::uint32_t* offsets;
  const UnitId* units;
  const float* slope;
  const float* grad;
};

/// Writes lambda of one sample to `rows`.
template <int kStates, bool kPerNeuron>
void fill_sample(const PackedNeuron<float>& neuron,
                 const ActiveEps& active,
                 const SampleRows<float>& lambda,
                 float* rows) {
  Adjoint<kStates, kPerNeuron> adjoint(neuron, lambda.columns);
  for (std::int64_t k = active.steps - 1; k >= 0; --k) {
    adjoint.step_back(rows + k * lambda.stride);
    active.for_each(
        k, lambda.columns, [&](auto column, float eps) { adjoint.inject(column, eps); });
  }
}

/// The same for one state, where the rows themselves carry the adjoint:
/// lambda[k-1] = a lambda[k] + b c eps[k].
template <bool kPerNeuron>
void fill_sample_of_one_state(const PackedNeuron<float>& neuron,
                              const ActiveEps& active,
                              const SampleRows<float>& lambda,
                              float* rows) {
  const Tag d;
  const float* const a = neuron.a(0, 0) + (kPerNeuron ? lambda.columns.begin : 0);
  const float* const b = neuron.b(0) + (kPerNeuron ? lambda.columns.begin : 0);
  const float* const c = neuron.c(0) + (kPerNeuron ? lambda.columns.begin : 0);
  std::int64_t k = active.steps - 1;
  // From the last active row on every lambda is zero.
  for (; k > 0 && active.offsets[k] == active.offsets[k + 1]; --k)
    std::fill_n(rows + k * lambda.stride, lambda.stride, 0.0f);
  std::fill_n(rows + k * lambda.stride, lambda.stride, 0.0f);
  for (; k > 0; --k) {
    const float* const later = rows + k * lambda.stride;
    float* const row = rows + (k - 1) * lambda.stride;
    const auto read = [&](const float* from, std::int64_t j) {
      return kPerNeuron ? hn::LoadU(d, from + j) : hn::Set(d, from[0]);
    };
    for (std::int64_t j = 0; j < lambda.stride; j += kLanes)
      hn::Store(hn::Mul(read(a, j), hn::Load(d, later + j)), d, row + j);
    if (active.everyone(k)) {
      const std::int64_t first = active.offsets[k] + lambda.columns.begin;
      for (std::int64_t j = 0; j < lambda.columns.count(); j += kLanes) {
        const auto count = static_cast<std::size_t>(lambda.columns.count() - j);
        const auto mask = hn::FirstN(d, count);
        const auto eps = hn::Mul(hn::MaskedLoad(mask, d, active.slope + first + j),
                                 hn::MaskedLoad(mask, d, active.grad + first + j));
        const auto gain = hn::Mul(read(b, j), read(c, j));
        hn::Store(hn::MulAdd(gain, eps, hn::Load(d, row + j)), d, row + j);
      }
      continue;
    }
    active.for_each(k, lambda.columns, [&](auto column, float eps) {
      const auto at = kPerNeuron ? column : 0;
      row[column] += b[at] * c[at] * eps;
    });
  }
}

template <int kStates, bool kPerNeuron>
void couple_sample(const CoupledLayer& layer, std::int64_t sample, float* whole) {
  const PackedNeuron<float>& neuron = layer.neuron;
  const SpikeTensor& spikes = layer.spikes;
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
        if (layer.gradient_through_jump[static_cast<std::size_t>(q)])
          sum += adjoint.coefficient(neuron.r(q), j) * adjoint.at(q, j);
      feedback[static_cast<std::size_t>(j)] = sum;
    }
    adjoint.step_back(lambda.data());
    for (std::uint32_t e = offsets[k]; e < offsets[k + 1]; ++e) {
      const std::int64_t j = units[e];
      float total = layer.grad[e] + feedback[static_cast<std::size_t>(j)];
      if (layer.recurrent != nullptr) {
        auto dot = hn::Zero(d);
        for (std::int64_t i = 0; i < neurons; i += kLanes)
          dot = hn::MulAdd(
              hn::LoadU(d, layer.recurrent + j * neurons + i), hn::Load(d, lambda.data() + i), dot);
        total += hn::GetLane(hn::SumOfLanes(d, dot));
      }
      whole[e] = total;
      adjoint.inject(j, slope[e] * total);
    }
  }
}

void fill(const PackedNeuron<float>& neuron,
          const SpikeTensor& spikes,
          const float* grad,
          const SampleRows<float>& lambda) {
  constexpr std::array kShared = {
      &fill_sample_of_one_state<false>, &fill_sample<2, false>, &fill_sample<3, false>};
  constexpr std::array kPerNeuron = {
      &fill_sample_of_one_state<true>, &fill_sample<2, true>, &fill_sample<3, true>};
  const auto fill_one =
      (neuron.per_neuron ? kPerNeuron : kShared)[static_cast<std::size_t>(neuron.states - 1)];
  for (std::int64_t s = 0; s < lambda.samples; ++s)
    fill_one(neuron,
             ActiveEps(spikes, grad, lambda.first_sample + s),
             lambda,
             lambda.data + s * spikes.steps() * lambda.stride);
}

void couple(const CoupledLayer& layer, std::int64_t sample, float* whole) {
  constexpr std::array kShared = {
      &couple_sample<1, false>, &couple_sample<2, false>, &couple_sample<3, false>};
  constexpr std::array kPerNeuron = {
      &couple_sample<1, true>, &couple_sample<2, true>, &couple_sample<3, true>};
  const auto couple_one =
      (layer.neuron.per_neuron ? kPerNeuron
                               : kShared)[static_cast<std::size_t>(layer.neuron.states - 1)];
  couple_one(layer, sample, whole);
}

}  // namespace HWY_NAMESPACE
}  // namespace spiketape::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spiketape::cpu {

HWY_EXPORT(fill);
HWY_EXPORT(couple);

void fill_lambda(const PackedNeuron<float>& neuron,
                 const SpikeTensor& spikes,
                 const float* grad,
                 const SampleRows<float>& lambda) {
  HWY_DYNAMIC_DISPATCH(fill)(neuron, spikes, grad, lambda);
}

void couple_grad(const CoupledLayer& layer, std::int64_t sample, float* whole) {
  HWY_DYNAMIC_DISPATCH(couple)(layer, sample, whole);
}

}  // namespace spiketape::cpu
#endif
