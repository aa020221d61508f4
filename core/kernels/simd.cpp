#include "core/kernels/simd.hpp"

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/simd.cpp"  // NOLINT(bugprone-suspicious-include)
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it includes this file again for each target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace spiketape {
namespace HWY_NAMESPACE {

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace spiketape
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spiketape {

HWY_EXPORT(target_name);

std::string_view vector_target() { return HWY_DYNAMIC_DISPATCH(target_name)(); }

}  // namespace spiketape
#endif
