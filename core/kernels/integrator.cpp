#include "core/kernels/integrator.hpp"

#include <limits>

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/integrator.cpp"  // NOLINT(bugprone-suspicious-include)
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it includes this file again for each target.
#include <hwy/highway.h>

#include "core/kernels/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace spiketape::cpu {
namespace HWY_NAMESPACE {

/// One vector of classes from column `j`: O and the score so far stay in registers.
template <Score kScore>
void integrate_columns(const Integration& arguments, std::int64_t j) {
  const Tag d;
  const hn::RebindToSigned<Tag> whole;
  const auto keep = hn::Set(d, arguments.decay);
  const auto take = hn::Set(d, 1.0f - arguments.decay);
  auto trace = hn::Zero(d);
  auto score =
      kScore == Score::max ? hn::Set(d, -std::numeric_limits<float>::infinity()) : hn::Zero(d);
  auto at = hn::Zero(whole);
  for (std::int64_t step = 0; step < arguments.steps; ++step) {
    if (step > 0) {
      const auto input = hn::Load(d, arguments.current + (step - 1) * arguments.stride + j);
      trace = hn::MulAdd(keep, trace, hn::Mul(take, input));
    }
    if (arguments.trace != nullptr)
      hn::Store(trace, d, arguments.trace + step * arguments.stride + j);
    if constexpr (kScore == Score::max) {
      const auto higher = hn::Gt(trace, score);
      score = hn::IfThenElse(higher, trace, score);
      at = hn::IfThenElse(
          hn::RebindMask(whole, higher), hn::Set(whole, static_cast<std::int32_t>(step)), at);
    } else if constexpr (kScore == Score::sum) {
      score = hn::Add(score, trace);
    } else {
      score = trace;
    }
  }
  hn::Store(score, d, arguments.scores + j);
  hn::Store(trace, d, arguments.last + j);
  if constexpr (kScore == Score::max) hn::Store(at, whole, arguments.at + j);
}

void integrate_all(const Integration& arguments) {
  const auto run = arguments.score == Score::max    ? &integrate_columns<Score::max>
                   : arguments.score == Score::last ? &integrate_columns<Score::last>
                                                    : &integrate_columns<Score::sum>;
  for (std::int64_t j = 0; j < arguments.stride; j += kLanes) run(arguments, j);
}

void integrate_all_back(float decay, std::int64_t steps, const SampleRows<float>& rows) {
  const Tag d;
  const auto keep = hn::Set(d, decay);
  const auto take = hn::Set(d, 1.0f - decay);
  for (std::int64_t s = 0; s < rows.samples; ++s)
    for (std::int64_t j = 0; j < rows.stride; j += kLanes) {
      auto p = hn::Zero(d);
      for (std::int64_t k = (s + 1) * steps - 1; k >= s * steps; --k) {
        float* const row = rows.data + k * rows.stride + j;
        const auto grad = hn::Load(d, row);
        hn::Store(hn::Mul(take, p), d, row);
        p = hn::MulAdd(keep, p, grad);
      }
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace spiketape::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spiketape::cpu {
namespace {

HWY_EXPORT(integrate_all);
HWY_EXPORT(integrate_all_back);

}  // namespace

void integrate(const Integration& arguments) { HWY_DYNAMIC_DISPATCH(integrate_all)(arguments); }

void integrate_back(float decay, std::int64_t steps, const SampleRows<float>& rows) {
  HWY_DYNAMIC_DISPATCH(integrate_all_back)(decay, steps, rows);
}

}  // namespace spiketape::cpu
#endif
