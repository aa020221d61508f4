// Vector helpers that several kernel files share; included once for each instruction set, hence the
// toggled guard.
#if defined(SPIKETAPE_VECTOR_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SPIKETAPE_VECTOR_INL
#undef SPIKETAPE_VECTOR_INL
#else
#define SPIKETAPE_VECTOR_INL
#endif

#include <algorithm>
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
template <typename Weight>
struct FiredRows {
  const Weight* weights;
  std::int64_t stride;
  const UnitId* units;
  std::int64_t count;
};

/// Sums of float weights in double.
struct DoubleSum {
  using Weight = float;
  using Sum = double;
  using SumTag = Doubles;
  static constexpr int kTile = HWY_TARGET == HWY_AVX3 ? 26 : HWY_TARGET == HWY_NEON ? 24 : 12;
  static auto load(const Weight* at) {
    return hn::PromoteTo(SumTag(), hn::LoadU(hn::Rebind<float, Doubles>(), at));
  }
};

/// Sums of float rows in float.
struct FloatSum {
  using Weight = float;
  using Sum = float;
  using SumTag = Tag;
  static constexpr int kTile = HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON ? 13 : 8;
  static auto load(const Weight* at) { return hn::LoadU(SumTag(), at); }
};

/// out = start + sum of the fired rows, for kVectors vectors; a null start is zero.
template <typename How, int kVectors>
void gather_tile(const FiredRows<typename How::Weight>& rows,
                 const typename How::Sum* start,
                 typename How::Sum* out) {
  const typename How::SumTag d;
  constexpr auto lanes = static_cast<int>(hn::MaxLanes(typename How::SumTag()));
  hn::Vec<typename How::SumTag> sum[kVectors];
#pragma GCC unroll 32
  for (int v = 0; v < kVectors; ++v)
    sum[v] = start != nullptr ? hn::LoadU(d, start + v * lanes) : hn::Zero(d);
  for (std::int64_t e = 0; e < rows.count; ++e) {
    const auto* row = rows.weights + rows.units[e] * rows.stride;
#pragma GCC unroll 32
    for (int v = 0; v < kVectors; ++v) sum[v] = hn::Add(sum[v], How::load(row + v * lanes));
  }
#pragma GCC unroll 32
  for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[v], d, out + v * lanes);
}

template <typename How, int... kVectors>
constexpr auto gather_tiles(std::integer_sequence<int, kVectors...> /*sizes*/) {
  return std::array{&gather_tile<How, kVectors + 1>...};
}

/// The width of tiles of near equal size that cover `vectors` with at most `most` each.
inline std::int64_t near_equal_tile(std::int64_t vectors, std::int64_t most) {
  const std::int64_t tiles = std::max<std::int64_t>((vectors + most - 1) / most, 1);
  return (vectors + tiles - 1) / tiles;
}

/// Sums rows over a fixed run of columns, cut into tiles of near equal width that fit the
/// registers.
template <typename How>
class RowGather {
 public:
  using Sum = typename How::Sum;

  explicit RowGather(std::int64_t columns)
      : vectors_((columns + kLanes - 1) / kLanes), tile_(near_equal_tile(vectors_, How::kTile)) {}

  /// out = start + sum of the fired rows; reads and writes whole vectors. `out` may be `start`.
  void operator()(FiredRows<typename How::Weight> rows, const Sum* start, Sum* out) const {
    static constexpr auto kTiles = gather_tiles<How>(std::make_integer_sequence<int, How::kTile>());
    const auto* const weights = rows.weights;
    for (std::int64_t v = 0; v < vectors_; v += tile_) {
      rows.weights = weights + v * kLanes;
      const std::int64_t size = std::min(tile_, vectors_ - v);
      kTiles[static_cast<std::size_t>(size - 1)](
          rows, start != nullptr ? start + v * kLanes : nullptr, out + v * kLanes);
    }
  }

 private:
  static constexpr int kLanes = static_cast<int>(hn::MaxLanes(typename How::SumTag()));

  std::int64_t vectors_;
  std::int64_t tile_;
};

/// The lanes of a mask as bits, lane 0 lowest.
template <typename D, typename Mask>
std::uint64_t mask_bits(D d, Mask mask) {
  static_assert(hn::MaxLanes(D()) <= 8);
  std::array<std::uint8_t, 8> bits{};  // as many as Highway may write
  hn::StoreMaskBits(d, mask, bits.data());
  return bits[0];
}

/// The reverse of mask_bits().
template <typename D>
hn::Mask<D> mask_of(std::uint64_t bits) {
  return hn::LoadMaskBits(D(), reinterpret_cast<const std::uint8_t*>(&bits));
}

}  // namespace HWY_NAMESPACE
}  // namespace spiketape::cpu
HWY_AFTER_NAMESPACE();

#endif
