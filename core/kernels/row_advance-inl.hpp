// One step of a row of neurons.
// Part of membrane.cpp; included once for each instruction set, hence the toggled guard.
#if defined(SPIKETAPE_ROW_ADVANCE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SPIKETAPE_ROW_ADVANCE_INL
#undef SPIKETAPE_ROW_ADVANCE_INL
#else
#define SPIKETAPE_ROW_ADVANCE_INL
#endif

#include <bit>
#include <cstdint>
#include <type_traits>

#include <hwy/highway.h>

#include "core/kernels/membrane.hpp"
#include "core/kernels/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace spiketape::cpu {
namespace HWY_NAMESPACE {

/// The coefficients of the neurons of one vector.
template <int kStates>
struct Coefficients {
  DoubleVector a[kStates][kStates];
  DoubleVector b[kStates];
  DoubleVector r[kStates];
  DoubleVector c[kStates];

  /// From column `j` of the layer; shared coefficients fill the vector with their one value.
  template <bool kPerNeuron>
  static Coefficients load(const PackedNeuron<double>& neuron, std::int64_t j) {
    const auto read = [&](const double* from) {
      if constexpr (kPerNeuron)
        return hn::LoadU(Doubles(), from + j);
      else
        return hn::Set(Doubles(), from[0]);
    };
    Coefficients all;
    for (int p = 0; p < kStates; ++p) {
      for (int q = 0; q < kStates; ++q) all.a[p][q] = read(neuron.a(p, q));
      all.b[p] = read(neuron.b(p));
      all.r[p] = read(neuron.r(p));
      all.c[p] = read(neuron.c(p));
    }
    return all;
  }
};

/// The current of one row as RowAdvance reads it: none, or doubles.
struct NoCurrent {
  DoubleVector operator()(std::int64_t /*column*/) const { return hn::Zero(Doubles()); }
};
struct DoubleCurrent {
  const double* values;
  DoubleVector operator()(std::int64_t column) const {
    return hn::Load(Doubles(), values + column);
  }
};

/// Moves all neurons of a row one step on:
///
///     x <- A x + b I + r S,   V = c . x
///
/// Who fired in the last row is read off its membranes, not waited for from what records it.
template <int kStates, bool kPerNeuron, bool kMembraneIsState>
class RowAdvance {
 public:
  /// Columns of V > `lowest` are of interest.
  RowAdvance(const MembraneArguments& arguments, double lowest, MembraneScratch& scratch)
      : neuron_(&arguments.neuron),
        columns_(arguments.columns),
        threshold_(hn::Set(Doubles(), arguments.neuron.threshold)),
        lowest_(hn::Set(Doubles(), lowest)),
        shared_(coefficients(0)),
        membrane_(kMembraneIsState ? scratch.state(0) : scratch.membrane()),
        list_(scratch.list()) {
    for (int q = 0; q < kStates; ++q) state_[q] = scratch.state(q);
  }

  /// Returns how many columns it has listed.
  template <typename Current>
  std::size_t operator()(const Current& current) const {
    // What is stored below cannot change a copy, so it stays in registers.
    const RowAdvance row = *this;
    using Ids = hn::CappedTag<std::int32_t, 16>;
    constexpr auto kIds = static_cast<int>(hn::MaxLanes(Ids()));
    auto ids = hn::Iota(Ids(), 0);
    const std::int64_t count = row.columns_.count();
    std::int32_t* end = row.list_;
#pragma GCC unroll 4
    for (std::int64_t j = 0; j < count; j += kIds) {
      std::uint64_t bits = 0;
      for (int i = 0; i < kIds; i += kDoubles) bits |= row.advance(j + i, current) << i;
      if (count - j < kIds) bits &= (std::uint64_t{1} << (count - j)) - 1;
      hn::StoreU(hn::Compress(ids, mask_of<Ids>(bits)), Ids(), end);
      end += std::popcount(bits);
      ids = hn::Add(ids, hn::Set(Ids(), kIds));
    }
    return static_cast<std::size_t>(end - row.list_);
  }

 private:
  Coefficients<kStates> coefficients(std::int64_t j) const {
    auto all = Coefficients<kStates>::template load<kPerNeuron>(
        *neuron_, kPerNeuron ? columns_.begin + j : 0);
    return all;
  }

  /// One vector of columns from `j` on; the bits of V > lowest.
  template <typename Current>
  std::uint64_t advance(std::int64_t j, const Current& current) const {
    const Doubles d;
    const Coefficients<kStates> k = kPerNeuron ? coefficients(j) : shared_;
    DoubleVector x[kStates];
    for (int q = 0; q < kStates; ++q) x[q] = hn::Load(d, state_[q] + j);
    const auto fired = hn::Gt(kMembraneIsState ? x[0] : hn::Load(d, membrane_ + j), threshold_);
    const auto input = current(j);
    auto after = hn::Zero(d);
    for (int p = 0; p < kStates; ++p) {
      auto next = hn::IfThenElseZero(fired, k.r[p]);
      if constexpr (!std::is_same_v<Current, NoCurrent>) next = hn::MulAdd(k.b[p], input, next);
      for (int q = 0; q < kStates; ++q) next = hn::MulAdd(k.a[p][q], x[q], next);
      hn::Store(next, d, state_[p] + j);
      after = kMembraneIsState ? next : hn::MulAdd(k.c[p], next, after);
    }
    if constexpr (!kMembraneIsState) hn::Store(after, d, membrane_ + j);
    return mask_bits(d, hn::Gt(after, lowest_));
  }

  const PackedNeuron<double>* neuron_;
  Columns columns_;
  DoubleVector threshold_;
  DoubleVector lowest_;
  Coefficients<kStates> shared_;
  double* membrane_;
  double* state_[kStates];
  std::int32_t* list_;
};

}  // namespace HWY_NAMESPACE
}  // namespace spiketape::cpu
HWY_AFTER_NAMESPACE();

#endif
