// Reading guide: sweep_sample() is the time loop of one sample. Per step RowGather (vector-inl.hpp)
// sums the weight rows of the units that fired into `current`, advance_row() moves every neuron one
// step and leaves two bit masks (who fired, who is inside the window), and emit() turns the set
// bits into entries. Spikes are rare, so walking set bits beats compressing every vector.
#include "core/kernels/membrane.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

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

/// Working memory of one sample: current, membrane and states of each column, and the masks of one
/// row.
struct Scratch {
  Scratch(std::int64_t columns, int states)
      : width(padded(columns)),
        whole(static_cast<std::size_t>(width), kCpu, MemoryTag::scratch),
        doubles(Buffer<double>::zeros(
            static_cast<std::size_t>((states + 2) * width + 64), kCpu, MemoryTag::scratch)),
        words(Buffer<std::uint64_t>::zeros(
            static_cast<std::size_t>(2 * word_count()), kCpu, MemoryTag::scratch)) {}
  std::int64_t word_count() const { return (width + 63) / 64; }
  std::int32_t* whole_current() { return whole.data(); }
  double* membrane() { return doubles.data(); }
  double* current() { return doubles.data() + width; }
  double* state(int q) { return doubles.data() + (q + 2) * width; }
  std::uint64_t* fired() { return words.data(); }
  std::uint64_t* near() { return words.data() + word_count(); }

  std::int64_t width;
  Buffer<std::int32_t> whole;
  Buffer<double> doubles;
  Buffer<std::uint64_t> words;
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

/// x <- A x + b I + r S,  V = c . x  for all columns; sets the masks of S and of |V - threshold| <
/// window.
template <int kStates, bool kPerNeuron, bool kMembraneIsState, typename Current>
void advance_row(const MembraneArguments& arguments, const Current& current, Scratch& scratch) {
  const Doubles d;
  const PackedNeuron<double>& neuron = arguments.neuron;
  const auto threshold = hn::Set(d, neuron.threshold);
  const auto lowest = hn::Set(d, neuron.threshold - neuron.window);
  const auto highest = hn::Set(d, neuron.threshold + neuron.window);
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
  const std::int64_t width = scratch.width;
  std::uint64_t* const fired_words = scratch.fired();
  std::uint64_t* const near_words = scratch.near();
  for (std::int64_t first = 0; first < width; first += 64) {
    std::uint64_t fired = 0;
    std::uint64_t near = 0;
    const auto advance_vector = [&](std::int64_t j) {
      if constexpr (kPerNeuron) k = load(std::true_type(), arguments.columns.begin + j);
      const auto spiked = hn::Gt(hn::Load(d, membrane + j), threshold);
      const auto input = current(j);
      DoubleVector x[kStates];
      for (int q = 0; q < kStates; ++q) x[q] = hn::Load(d, state[q] + j);
      auto after = hn::Zero(d);
      for (int p = 0; p < kStates; ++p) {
        auto next = hn::IfThenElseZero(spiked, k.r[p]);
        if constexpr (!std::is_same_v<Current, NoCurrent>) next = hn::MulAdd(k.b[p], input, next);
        for (int q = 0; q < kStates; ++q) next = hn::MulAdd(k.a[p][q], x[q], next);
        hn::Store(next, d, state[p] + j);
        after = kMembraneIsState ? next : hn::MulAdd(k.c[p], next, after);
      }
      if constexpr (!kMembraneIsState) hn::Store(after, d, membrane + j);
      const auto above = mask_bits(d, hn::Gt(after, lowest));
      const auto below = mask_bits(d, hn::Lt(after, highest));
      fired |= mask_bits(d, hn::Gt(after, threshold)) << (j - first);
      near |= (above & below) << (j - first);
    };
    if (width - first >= 64) {
#pragma GCC unroll 8
      for (std::int64_t j = 0; j < 64; j += kDoubles) advance_vector(first + j);
    } else {
      for (std::int64_t j = first; j < width; j += kDoubles) advance_vector(j);
    }
    fired_words[first / 64] = fired;
    near_words[first / 64] = near;
  }
}

/// Entries that emit() may write behind the last one.
constexpr std::size_t kSlack = 4;

/// Appends the unit of each set bit, and when `membrane` is given its distance from the threshold.
void emit(const std::uint64_t* words,
          const Columns& columns,
          const double* membrane,
          double threshold,
          RowArena& arena) {
  UnitId* const unit = arena.units() + arena.count;
  float* const value = membrane != nullptr ? arena.values() + arena.count : nullptr;
  std::size_t n = 0;
  for (std::int64_t first = 0; first < columns.count(); first += 64) {
    std::uint64_t bits = words[first / 64];
    if (columns.count() - first < 64) bits &= (std::uint64_t{1} << (columns.count() - first)) - 1;
    const auto base = static_cast<std::uint32_t>(columns.begin + first);
    if (bits == ~std::uint64_t{0}) {  // a window without bounds: everyone
      for (std::uint32_t i = 0; i < 64; ++i) unit[n + i] = static_cast<UnitId>(base + i);
      if (value != nullptr)
        for (std::int64_t i = 0; i < 64; ++i)
          value[n + static_cast<std::size_t>(i)] =
              static_cast<float>(membrane[first + i] - threshold);
      n += 64;
      continue;
    }
    // Four at a time whether there are so many or not: how many bits are set cannot be predicted, a
    // store is cheap.
    for (auto left = std::popcount(bits); left > 0; left -= 4) {
      const std::size_t taken = static_cast<std::size_t>(std::min(left, 4));
      for (std::size_t slot = n; slot < n + 4; ++slot, bits &= bits - 1) {
        const auto at = static_cast<std::uint32_t>(std::countr_zero(bits)) & 63u;
        unit[slot] = static_cast<UnitId>(base + at);
        if (value != nullptr) value[slot] = static_cast<float>(membrane[first + at] - threshold);
      }
      n += taken;
    }
  }
  arena.count += n;
}

void emit_row(const MembraneArguments& arguments,
              Scratch& scratch,
              const double* membrane,
              std::int64_t row) {
  const auto room = static_cast<std::size_t>(arguments.columns.count()) + kSlack;
  arguments.spikes.reserve(room, false);
  emit(scratch.fired(), arguments.columns, nullptr, 0.0, arguments.spikes);
  arguments.spike_ends[row] = static_cast<std::uint32_t>(arguments.spikes.count);
  if (arguments.want_active) {
    arguments.active.reserve(room, true);
    emit(scratch.near(), arguments.columns, membrane, arguments.neuron.threshold, arguments.active);
    arguments.active_ends[row] = static_cast<std::uint32_t>(arguments.active.count);
  }
  if (arguments.membrane_trace != nullptr)
    std::copy_n(membrane, scratch.width, arguments.membrane_trace + row * scratch.width);
}

/// One sample with whole-number currents: calls advance(current) for each step.
template <typename Advance>
void sum_whole(const MembraneArguments& arguments,
               Scratch& scratch,
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
                Scratch& scratch,
                std::uint32_t own_begin,
                Advance&& advance) {
  const RowGather<DoubleSum> gather(arguments.columns.count());
  Buffer<double> part(static_cast<std::size_t>(scratch.width), kCpu, MemoryTag::scratch);
  for (std::int64_t t = 0; t + 1 < arguments.steps; ++t) {
    const double* current = arguments.bias;
    if (arguments.current != nullptr) {
      std::copy_n(
          arguments.current + t * arguments.current_stride, scratch.width, scratch.current());
      current = scratch.current();
    }
    const auto add = [&](const FiredRows<float>& rows, double amplitude) {
      if (rows.count == 0) return;
      if (amplitude == 1.0) {
        gather(rows, current, scratch.current());
      } else {
        gather(rows, nullptr, part.data());
        for (std::int64_t j = 0; j < scratch.width; ++j)
          scratch.current()[j] =
              (current != nullptr ? current[j] : 0.0) + amplitude * part.data()[j];
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
bool sweep_sample(const MembraneArguments& arguments) {
  Scratch scratch(arguments.columns.count(), kStates);
  const double* const membrane = kMembraneIsState ? scratch.state(0) : scratch.membrane();
  // Record 0 is the zero state: nobody fires, and all are active when the window reaches down to 0.
  if (arguments.neuron.threshold < arguments.neuron.window)
    std::fill_n(scratch.near(), scratch.word_count(), ~std::uint64_t{0});
  const auto own_begin = static_cast<std::uint32_t>(arguments.spikes.count);
  emit_row(arguments, scratch, membrane, 0);
  const auto advance = [&](const auto& current, std::int64_t row) {
    advance_row<kStates, kPerNeuron, kMembraneIsState>(arguments, current, scratch);
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

bool advance(const MembraneArguments& arguments) {
  const PackedNeuron<double>& neuron = arguments.neuron;
  if (neuron.membrane_is_state)
    return neuron.per_neuron ? sweep_sample<1, true, true>(arguments)
                             : sweep_sample<1, false, true>(arguments);
  switch (neuron.states) {
    case 1:
      return neuron.per_neuron ? sweep_sample<1, true, false>(arguments)
                               : sweep_sample<1, false, false>(arguments);
    case 2:
      return neuron.per_neuron ? sweep_sample<2, true, false>(arguments)
                               : sweep_sample<2, false, false>(arguments);
    default:
      return neuron.per_neuron ? sweep_sample<3, true, false>(arguments)
                               : sweep_sample<3, false, false>(arguments);
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

bool advance_membrane(const MembraneArguments& arguments) {
  return HWY_DYNAMIC_DISPATCH(advance)(arguments);
}

}  // namespace cpu
}  // namespace spiketape
#endif
