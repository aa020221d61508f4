// Vector helpers that several kernel files share; included once for each instruction set, hence the
// toggled guard.
#if defined(SPIKETAPE_VECTOR_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SPIKETAPE_VECTOR_INL
#undef SPIKETAPE_VECTOR_INL
#else
#define SPIKETAPE_VECTOR_INL
#endif

#include <array>
#include <cstdint>
#include <cstring>

#include <hwy/highway.h>

#include "core/kernels/simd.hpp"
#include "core/spike_tensor.hpp"

HWY_BEFORE_NAMESPACE();
namespace spiketape::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Tag>;
inline constexpr int kLanes = static_cast<int>(hn::MaxLanes(Tag()));

using Doubles = hn::CappedTag<double, 8>;
using DoubleVector = hn::Vec<Doubles>;
inline constexpr int kDoubles = static_cast<int>(hn::MaxLanes(Doubles()));

/// The rows of a weight matrix whose units fired: columns start at `weights`.
struct FiredRows {
  const float* weights;
  std::int64_t stride;
  const UnitId* units;
  std::int64_t count;
  float amplitude;
};

/// out = start + amplitude * sum of the fired rows, for kVectors vectors of doubles; a null start
/// is zero.
template <int kVectors>
void gather_tile(const FiredRows& rows, const double* start, double* out) {
  const Doubles d;
  const hn::Rebind<float, Doubles> narrow;
  DoubleVector sum[kVectors];
#pragma GCC unroll 32
  for (int v = 0; v < kVectors; ++v) sum[v] = hn::Zero(d);
  for (std::int64_t e = 0; e < rows.count; ++e) {
    const float* row = rows.weights + rows.units[e] * rows.stride;
#pragma GCC unroll 32
    for (int v = 0; v < kVectors; ++v)
      sum[v] = hn::Add(sum[v], hn::PromoteTo(d, hn::LoadU(narrow, row + v * kDoubles)));
  }
  const auto amplitude = hn::Set(d, static_cast<double>(rows.amplitude));
#pragma GCC unroll 32
  for (int v = 0; v < kVectors; ++v) {
    const auto base = start != nullptr ? hn::Load(d, start + v * kDoubles) : hn::Zero(d);
    hn::Store(hn::MulAdd(amplitude, sum[v], base), d, out + v * kDoubles);
  }
}

using GatherTile = void (*)(const FiredRows&, const double*, double*);

template <int... kVectors>
constexpr std::array<GatherTile, sizeof...(kVectors)> gather_tiles(
    std::integer_sequence<int, kVectors...> /*sizes*/) {
  return {&gather_tile<kVectors + 1>...};
}

/// Sums weight rows over a fixed run of columns, cut into tiles of near equal width that fit the
/// registers. Sums are double: the slope at the threshold magnifies an error of the membrane 200
/// times.
class RowGather {
 public:
  explicit RowGather(std::int64_t columns) : vectors_((columns + kDoubles - 1) / kDoubles) {
    const std::int64_t tiles = (vectors_ + kMaxTile - 1) / kMaxTile;
    tile_ = tiles > 0 ? (vectors_ + tiles - 1) / tiles : 0;
  }

  /// out = start + amplitude * sum of the fired rows; reads and writes whole vectors. `out` may be
  /// `start`.
  void operator()(FiredRows rows, const double* start, double* out) const {
    static constexpr auto kTiles = gather_tiles(std::make_integer_sequence<int, kMaxTile>());
    const float* const weights = rows.weights;
    for (std::int64_t v = 0; v < vectors_; v += tile_) {
      rows.weights = weights + v * kDoubles;
      const std::int64_t size = std::min(tile_, vectors_ - v);
      kTiles[static_cast<std::size_t>(size - 1)](
          rows, start != nullptr ? start + v * kDoubles : nullptr, out + v * kDoubles);
    }
  }

 private:
  /// Vectors that one pass over weight rows keeps in registers: 26 of AVX-512 hold 208 columns.
  static constexpr int kMaxTile = HWY_TARGET == HWY_AVX3 ? 26 : HWY_TARGET == HWY_NEON ? 24 : 12;

  std::int64_t vectors_;
  std::int64_t tile_ = 0;
};

/// The lanes of a mask as bits, lane 0 lowest.
template <typename D, typename Mask>
std::uint64_t mask_bits(D d, Mask mask) {
  static_assert(hn::MaxLanes(D()) <= 8);
  std::uint8_t bits = 0;
  hn::StoreMaskBits(d, mask, &bits);
  return bits;
}

}  // namespace HWY_NAMESPACE
}  // namespace spiketape::cpu
HWY_AFTER_NAMESPACE();

#endif
