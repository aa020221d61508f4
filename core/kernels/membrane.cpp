// Reading guide: sweep_sample() is the time loop of one sample. Per step RowGather (vector-inl.hpp)
// sums the weight rows of the units that fired into `current`, RowAdvance (row_advance-inl.hpp)
// moves every neuron one step and lists those whose membranes are high enough to matter, and
// emit_row() (row_record-inl.hpp) looks at these few: it decides who fired and who is inside the
// window, and records them. One compare a vector instead of three, since such neurons are rare.
#include "core/kernels/membrane.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/membrane.cpp"  // NOLINT(bugprone-suspicious-include)
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it includes this file again for each target.
#include <hwy/highway.h>

#include "core/kernels/row_advance-inl.hpp"
#include "core/kernels/row_record-inl.hpp"
#include "core/kernels/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace spiketape::cpu {
namespace HWY_NAMESPACE {

/// Sums the current of each step of a sample, and calls advance(current, row).
template <typename Advance>
void sum_currents(const MembraneArguments& arguments,
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
  const RowAdvance<kStates, kPerNeuron, kMembraneIsState> advance_row(arguments, lowest, scratch);
  const auto advance = [&](const auto& current, std::int64_t row) {
    scratch.listed = advance_row(current);
    emit_row(arguments, scratch, membrane, row);
  };
  sum_currents(arguments, scratch, own_begin, advance);
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
      doubles_(Buffer<double>::zeros(
          static_cast<std::size_t>((states + 3) * width_ + 64), kCpu, MemoryTag::scratch)),
      list_(Buffer<std::int32_t>::zeros(
          static_cast<std::size_t>(width_ + kRowAlignment), kCpu, MemoryTag::scratch)) {}

void MembraneScratch::start(std::int64_t columns, int states) {
  width_ = padded(columns);
  std::fill_n(membrane(), width_, 0.0);
  std::fill_n(state(0), states * width_, 0.0);
  listed = 0;
}

bool advance_membrane(const MembraneArguments& arguments, MembraneScratch& scratch) {
  return HWY_DYNAMIC_DISPATCH(advance)(arguments, scratch);
}

}  // namespace cpu
}  // namespace spiketape
#endif
