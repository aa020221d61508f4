#include "core/kernels/adam.hpp"

#include "core/parallel.hpp"

// This file is compiled once for each instruction set and the best one is chosen at run time.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/adam.cpp"  // NOLINT(bugprone-suspicious-include)
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it includes this file again for each target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace spiketape::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Updates values from `begin` on while whole vectors of `d` fit before `end`; returns where it
/// stopped.
template <typename D>
std::int64_t adam_vectors(D d,
                          const AdamArguments& arguments,
                          const AdamParameter& parameter,
                          const AdamFactors& factors,
                          std::int64_t begin,
                          std::int64_t end) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto beta1 = hn::Set(d, arguments.beta1);
  const auto beta2 = hn::Set(d, arguments.beta2);
  const auto rest1 = hn::Set(d, 1.0f - arguments.beta1);
  const auto rest2 = hn::Set(d, 1.0f - arguments.beta2);
  const auto epsilon = hn::Set(d, arguments.epsilon);
  const auto m_factor = hn::Set(d, factors.m);
  const auto v_factor = hn::Set(d, factors.v);
  const auto keep = hn::Set(d, factors.keep);
  std::int64_t i = begin;
  for (; i + lanes <= end; i += lanes) {
    const auto grad = hn::LoadU(d, parameter.grad + i);
    // Each sum that may be fused is fused by name, or the compiler would choose for each vector
    // width.
    const auto m = hn::MulAdd(beta1, hn::LoadU(d, parameter.m + i), hn::Mul(rest1, grad));
    const auto v =
        hn::MulAdd(beta2, hn::LoadU(d, parameter.v + i), hn::Mul(rest2, hn::Mul(grad, grad)));
    const auto scale = hn::Add(hn::Sqrt(hn::Mul(v, v_factor)), epsilon);
    const auto change = hn::Div(hn::Mul(m_factor, m), scale);
    const auto value = hn::MulSub(keep, hn::LoadU(d, parameter.value + i), change);
    hn::StoreU(m, d, parameter.m + i);
    hn::StoreU(v, d, parameter.v + i);
    hn::StoreU(value, d, parameter.value + i);
  }
  return i;
}

void adam_range(const AdamArguments& arguments,
                const AdamParameter& parameter,
                const AdamFactors& factors,
                std::int64_t begin,
                std::int64_t end) {
  const std::int64_t rest =
      adam_vectors(hn::ScalableTag<float>(), arguments, parameter, factors, begin, end);
  adam_vectors(hn::CappedTag<float, 1>(), arguments, parameter, factors, rest, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace spiketape::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spiketape::cpu {

HWY_EXPORT(adam_range);

void adam(const AdamArguments& arguments) {
  constexpr std::int64_t kGrain = 40'960;  // less is not worth waking a thread for
  const auto range = HWY_DYNAMIC_DISPATCH(adam_range);
  for (std::size_t k = 0; k < arguments.parameters.size(); ++k) {
    const AdamParameter& parameter = arguments.parameters[k];
    parallel_ranges(parameter.count, kGrain, [&](std::int64_t begin, std::int64_t end) {
      range(arguments, parameter, arguments.factors[k], begin, end);
    });
  }
}

}  // namespace spiketape::cpu
#endif
