// Reading guide: sweep_sample() is the time loop of one sample. Per step RowGather (vector-inl.hpp)
// sums the weight rows of the units that fired into `current`, advance_row() moves every neuron one
// step and lists those whose membranes are high enough to matter, and emit() walks these few: it
// decides who fired and who is inside the window, and records them. One compare a vector instead of
// three, since such neurons are rare.
#include "core/kernels/membrane.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/membrane.cpp"  // NOLINT(bugprone-suspicious-include)
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it includes this file again for each target.
#include <hwy/highway.h>

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

/// The current of one row as advance_row() reads it: none, whole multiples of a quantum, or
/// doubles.
struct NoCurrent {
  static double unit() { return 0.0; }
  DoubleVector operator()(std::int64_t /*column*/) const { return hn::Zero(Doubles()); }
};
struct WholeCurrent {
  const std::int32_t* values;
  double quantum;
  double unit() const { return quantum; }
  DoubleVector operator()(std::int64_t column) const {
    const hn::Rebind<std::int32_t, Doubles> whole;
    return hn::PromoteTo(Doubles(), hn::Load(whole, values + column));
  }
};
struct DoubleCurrent {
  static double unit() { return 1.0; }
  const double* values;
  DoubleVector operator()(std::int64_t column) const {
    return hn::Load(Doubles(), values + column);
  }
};

/// The reverse of mask_bits().
template <typename D>
hn::Mask<D> mask_of(std::uint64_t bits) {
  return hn::LoadMaskBits(D(), reinterpret_cast<const std::uint8_t*>(&bits));
}

/// x <- A x + b I + r S,  V = c . x  for all columns; lists those of V > `lowest`. Who fired in
/// the last row is read off its membranes, not waited for from emit().
template <int kStates, bool kPerNeuron, bool kMembraneIsState, typename Current>
void advance_row(const MembraneArguments& arguments,
                 const Current& current,
                 double lowest,
                 MembraneScratch& scratch) {
  const Doubles d;
  const PackedNeuron<double>& neuron = arguments.neuron;
  const auto threshold = hn::Set(d, neuron.threshold);
  const auto bound = hn::Set(d, lowest);
  const auto unit = hn::Set(d, current.unit());
  const auto load = [&]<bool kFrom>(std::bool_constant<kFrom>, std::int64_t j) {
    auto all = Coefficients<kStates>::template load<kFrom>(neuron, j);
    for (int p = 0; p < kStates; ++p) all.b[p] = hn::Mul(all.b[p], unit);
    return all;
  };
  auto k = load(std::bool_constant<kPerNeuron>(), 0);
  double* const membrane = kMembraneIsState ? scratch.state(0) : scratch.membrane();
  double* state[kStates];
  for (int q = 0; q < kStates; ++q) state[q] = scratch.state(q);
  const auto advance_vector = [&](std::int64_t j) {
    if constexpr (kPerNeuron) k = load(std::true_type(), arguments.columns.begin + j);
    const auto fired = hn::Gt(hn::Load(d, membrane + j), threshold);
    const auto input = current(j);
    DoubleVector x[kStates];
    for (int q = 0; q < kStates; ++q) x[q] = hn::Load(d, state[q] + j);
    auto after = hn::Zero(d);
    for (int p = 0; p < kStates; ++p) {
      auto next = hn::IfThenElseZero(fired, k.r[p]);
      if constexpr (!std::is_same_v<Current, NoCurrent>) next = hn::MulAdd(k.b[p], input, next);
      for (int q = 0; q < kStates; ++q) next = hn::MulAdd(k.a[p][q], x[q], next);
      hn::Store(next, d, state[p] + j);
      after = kMembraneIsState ? next : hn::MulAdd(k.c[p], next, after);
    }
    if constexpr (!kMembraneIsState) hn::Store(after, d, membrane + j);
    return mask_bits(d, hn::Gt(after, bound));
  };
  using Ids = hn::CappedTag<std::int32_t, 16>;
  constexpr auto kIds = static_cast<int>(hn::MaxLanes(Ids()));
  auto ids = hn::Iota(Ids(), 0);
  const std::int64_t columns = arguments.columns.count();
  std::int32_t* end = scratch.list();
#pragma GCC unroll 4
  for (std::int64_t j = 0; j < columns; j += kIds) {
    std::uint64_t bits = 0;
    for (int i = 0; i < kIds; i += kDoubles) bits |= advance_vector(j + i) << i;
    if (columns - j < kIds) bits &= (std::uint64_t{1} << (columns - j)) - 1;
    hn::StoreU(hn::Compress(ids, mask_of<Ids>(bits)), Ids(), end);
    end += std::popcount(bits);
    ids = hn::Add(ids, hn::Set(Ids(), kIds));
  }
  scratch.listed = static_cast<std::size_t>(end - scratch.list());
}

/// Looks at the listed neurons, a vector at a time: appends who fired to `spikes` and who is inside
/// the window, with its distance from the threshold, to `active`. No branch depends on what they
/// did, for it could not be predicted.
template <bool kActive>
void emit(const MembraneArguments& arguments, const double* membrane, MembraneScratch& scratch) {
  const Doubles d;
  using Ids = hn::Rebind<std::int32_t, Doubles>;
  using Values = hn::Rebind<float, Doubles>;
  const auto threshold = hn::Set(d, arguments.neuron.threshold);
  const auto highest = hn::Set(d, arguments.neuron.threshold + arguments.neuron.window);
  const auto begin = hn::Set(Ids(), static_cast<std::int32_t>(arguments.columns.begin));
  const std::int32_t* const list = scratch.list();
  const std::size_t count = scratch.listed;
  for (std::size_t first = 0; first < count; first += kDoubles) {
    const auto columns = hn::LoadU(Ids(), list + first);
    const auto place = hn::PromoteTo(hn::Rebind<std::int64_t, Doubles>(), columns);
    const auto v = hn::GatherIndex(d, membrane, place);
    const auto ids = hn::Add(columns, begin);
    const std::uint64_t listed =
        ~std::uint64_t{0} >> (64 - std::min<std::size_t>(count - first, kDoubles));
    const auto append_units = [&](RowArena& arena, std::uint64_t bits) {
      const auto kept = hn::Compress(ids, mask_of<Ids>(bits));
      hn::StoreU(hn::DemoteTo(hn::Rebind<UnitId, Doubles>(), kept),
                 hn::Rebind<UnitId, Doubles>(),
                 arena.units() + arena.count);
    };
    const std::uint64_t fired = listed & mask_bits(d, hn::Gt(v, threshold));
    append_units(arguments.spikes, fired);
    arguments.spikes.count += static_cast<std::size_t>(std::popcount(fired));
    if constexpr (kActive) {
      const std::uint64_t near = listed & mask_bits(d, hn::Lt(v, highest));
      append_units(arguments.active, near);
      const auto distance = hn::DemoteTo(Values(), hn::Sub(v, threshold));
      hn::StoreU(hn::Compress(distance, mask_of<Values>(near)),
                 Values(),
                 arguments.active.values() + arguments.active.count);
      arguments.active.count += static_cast<std::size_t>(std::popcount(near));
    }
  }
}

/// Appends all neurons to the active set: a window without bounds.
void emit_everyone(const MembraneArguments& arguments, const double* membrane) {
  const std::int64_t neurons = arguments.columns.count();
  UnitId* const unit = arguments.active.units() + arguments.active.count;
  float* const value = arguments.active.values() + arguments.active.count;
  for (std::int64_t j = 0; j < neurons; ++j) {
    unit[j] = static_cast<UnitId>(arguments.columns.begin + j);
    value[j] = static_cast<float>(membrane[j] - arguments.neuron.threshold);
  }
  arguments.active.count += static_cast<std::size_t>(neurons);
}

bool everyone_is_active(const MembraneArguments& arguments) {
  return arguments.want_active && std::isinf(arguments.neuron.window);
}

/// From where on emit() has to look at a membrane.
double lowest_of_interest(const MembraneArguments& arguments) {
  const bool only_spikes = !arguments.want_active || everyone_is_active(arguments);
  return arguments.neuron.threshold - (only_spikes ? 0.0 : arguments.neuron.window);
}

void emit_row(const MembraneArguments& arguments,
              MembraneScratch& scratch,
              const double* membrane,
              std::int64_t row) {
  const auto room = static_cast<std::size_t>(arguments.columns.count()) + kDoubles;
  arguments.spikes.reserve(room, false);
  if (arguments.want_active) arguments.active.reserve(room, true);
  if (!arguments.want_active) {
    emit<false>(arguments, membrane, scratch);
  } else if (everyone_is_active(arguments)) {
    emit<false>(arguments, membrane, scratch);
    emit_everyone(arguments, membrane);
  } else {
    emit<true>(arguments, membrane, scratch);
  }
  arguments.spike_ends[row] = static_cast<std::uint32_t>(arguments.spikes.count);
  if (arguments.want_active)
    arguments.active_ends[row] = static_cast<std::uint32_t>(arguments.active.count);
  if (arguments.membrane_trace != nullptr)
    std::copy_n(membrane, scratch.width(), arguments.membrane_trace + row * scratch.width());
}

/// One sample with whole-number currents: calls advance(current) for each step.
template <typename Advance>
void sum_whole(const MembraneArguments& arguments,
               MembraneScratch& scratch,
               std::uint32_t own_begin,
               Advance&& advance) {
  const RowGather<WholeSum> gather(arguments.columns.count());
  for (std::int64_t t = 0; t + 1 < arguments.steps; ++t) {
    const std::int32_t* current = arguments.scaled_bias;
    const auto add = [&](const std::int32_t* weights, const UnitId* units, std::int64_t count) {
      if (count == 0) return;
      gather({weights, arguments.scaled_stride, units, count}, current, scratch.whole_current());
      current = scratch.whole_current();
    };
    for (const EventTerm& term : arguments.terms)
      add(term.scaled, term.units + term.offsets[t], term.offsets[t + 1] - term.offsets[t]);
    if (arguments.scaled_recurrent != nullptr) {
      const std::uint32_t own_end = arguments.spike_ends[t];
      add(arguments.scaled_recurrent, arguments.spikes.units() + own_begin, own_end - own_begin);
      own_begin = own_end;
    }
    if (current != nullptr)
      advance(WholeCurrent{current, arguments.quantum}, t + 1);
    else
      advance(NoCurrent{}, t + 1);
  }
}

/// The same with float weights, bias and further current, summed in double.
template <typename Advance>
void sum_double(const MembraneArguments& arguments,
                MembraneScratch& scratch,
                std::uint32_t own_begin,
                Advance&& advance) {
  const RowGather<DoubleSum> gather(arguments.columns.count());
  for (std::int64_t t = 0; t + 1 < arguments.steps; ++t) {
    const double* current = arguments.bias;
    if (arguments.current != nullptr) {
      std::copy_n(
          arguments.current + t * arguments.current_stride, scratch.width(), scratch.current());
      current = scratch.current();
    }
    const auto add = [&](const FiredRows<float>& rows, double amplitude) {
      if (rows.count == 0) return;
      if (amplitude == 1.0) {
        gather(rows, current, scratch.current());
      } else {
        gather(rows, nullptr, scratch.part());
        for (std::int64_t j = 0; j < scratch.width(); ++j)
          scratch.current()[j] =
              (current != nullptr ? current[j] : 0.0) + amplitude * scratch.part()[j];
      }
      current = scratch.current();
    };
    for (const EventTerm& term : arguments.terms)
      add({term.weights,
           term.stride,
           term.units + term.offsets[t],
           term.offsets[t + 1] - term.offsets[t]},
          static_cast<double>(term.amplitude));
    if (arguments.recurrent != nullptr) {
      const std::uint32_t own_end = arguments.spike_ends[t];
      add({arguments.recurrent,
           arguments.columns.count(),
           arguments.spikes.units() + own_begin,
           own_end - own_begin},
          1.0);
      own_begin = own_end;
    }
    if (current != nullptr)
      advance(DoubleCurrent{current}, t + 1);
    else
      advance(NoCurrent{}, t + 1);
  }
}

template <int kStates, bool kPerNeuron, bool kMembraneIsState>
bool sweep_sample(const MembraneArguments& arguments, MembraneScratch& scratch) {
  scratch.start(arguments.columns.count(), kStates);
  const double* const membrane = kMembraneIsState ? scratch.state(0) : scratch.membrane();
  const double lowest = lowest_of_interest(arguments);
  // Record 0 is the zero state: nobody fires, and all are active when the window reaches down to 0.
  if (lowest < 0.0) {
    scratch.listed = static_cast<std::size_t>(arguments.columns.count());
    std::iota(scratch.list(), scratch.list() + scratch.listed, 0);
  }
  const auto own_begin = static_cast<std::uint32_t>(arguments.spikes.count);
  emit_row(arguments, scratch, membrane, 0);
  const auto advance = [&](const auto& current, std::int64_t row) {
    advance_row<kStates, kPerNeuron, kMembraneIsState>(arguments, current, lowest, scratch);
    emit_row(arguments, scratch, membrane, row);
  };
  if (arguments.quantum > 0.0)
    sum_whole(arguments, scratch, own_begin, advance);
  else
    sum_double(arguments, scratch, own_begin, advance);
  bool finite = true;
  for (int q = 0; q < kStates; ++q)
    for (std::int64_t j = 0; j < arguments.columns.count(); ++j)
      finite &= std::isfinite(scratch.state(q)[j]);
  return finite;
}

bool advance(const MembraneArguments& arguments, MembraneScratch& scratch) {
  const PackedNeuron<double>& neuron = arguments.neuron;
  if (neuron.membrane_is_state)
    return neuron.per_neuron ? sweep_sample<1, true, true>(arguments, scratch)
                             : sweep_sample<1, false, true>(arguments, scratch);
  switch (neuron.states) {
    case 1:
      return neuron.per_neuron ? sweep_sample<1, true, false>(arguments, scratch)
                               : sweep_sample<1, false, false>(arguments, scratch);
    case 2:
      return neuron.per_neuron ? sweep_sample<2, true, false>(arguments, scratch)
                               : sweep_sample<2, false, false>(arguments, scratch);
    default:
      return neuron.per_neuron ? sweep_sample<3, true, false>(arguments, scratch)
                               : sweep_sample<3, false, false>(arguments, scratch);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace spiketape::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spiketape {

void RowArena::grow(std::size_t extra, bool with_values) {
  const std::size_t needed = count + extra;
  const std::size_t grown = std::max(2 * units_.size(), needed + 1024);
  const auto enlarge = [&](auto& buffer) {
    std::remove_reference_t<decltype(buffer)> larger(grown, kCpu, MemoryTag::scratch);
    if (count > 0) std::memcpy(larger.data(), buffer.data(), count * sizeof(buffer[0]));
    buffer = std::move(larger);
  };
  if (units_.size() < needed) enlarge(units_);
  if (with_values && values_.size() < needed) enlarge(values_);
}

namespace cpu {

HWY_EXPORT(advance);

MembraneScratch::MembraneScratch(std::int64_t columns, int states)
    : width_(padded(columns)),
      doubles_(static_cast<std::size_t>((states + 3) * width_ + 64), kCpu, MemoryTag::scratch),
      whole_(static_cast<std::size_t>(width_), kCpu, MemoryTag::scratch),
      list_(Buffer<std::int32_t>::zeros(
          static_cast<std::size_t>(width_ + kRowAlignment), kCpu, MemoryTag::scratch)) {}

void MembraneScratch::start(std::int64_t columns, int states) {
  width_ = padded(columns);
  std::fill_n(doubles_.data(), (states + 3) * width_ + 64, 0.0);
  listed = 0;
  std::fill_n(list_.data(), list_.size(), 0);
}

bool advance_membrane(const MembraneArguments& arguments, MembraneScratch& scratch) {
  return HWY_DYNAMIC_DISPATCH(advance)(arguments, scratch);
}

}  // namespace cpu
}  // namespace spiketape
#endif
