// Records who fired and who was active in a row of neurons.
// Part of membrane.cpp; included once for each instruction set, hence the toggled guard.
#if defined(SPIKETAPE_ROW_RECORD_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SPIKETAPE_ROW_RECORD_INL
#undef SPIKETAPE_ROW_RECORD_INL
#else
#define SPIKETAPE_ROW_RECORD_INL
#endif

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include <hwy/highway.h>

#include "core/kernels/membrane.hpp"
#include "core/kernels/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace spiketape::cpu {
namespace HWY_NAMESPACE {

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
    const auto columns =
        hn::IfThenElseZero(hn::FirstN(Ids(), count - first), hn::LoadU(Ids(), list + first));
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
inline void emit_everyone(const MembraneArguments& arguments, const double* membrane) {
  const std::int64_t neurons = arguments.columns.count();
  UnitId* const unit = arguments.active.units() + arguments.active.count;
  float* const value = arguments.active.values() + arguments.active.count;
  for (std::int64_t j = 0; j < neurons; ++j) {
    unit[j] = static_cast<UnitId>(arguments.columns.begin + j);
    value[j] = static_cast<float>(membrane[j] - arguments.neuron.threshold);
  }
  arguments.active.count += static_cast<std::size_t>(neurons);
}

inline bool everyone_is_active(const MembraneArguments& arguments) {
  return arguments.want_active && std::isinf(arguments.neuron.window);
}

/// From where on emit() has to look at a membrane.
inline double lowest_of_interest(const MembraneArguments& arguments) {
  const bool only_spikes = !arguments.want_active || everyone_is_active(arguments);
  return arguments.neuron.threshold - (only_spikes ? 0.0 : arguments.neuron.window);
}

inline void emit_row(const MembraneArguments& arguments,
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

}  // namespace HWY_NAMESPACE
}  // namespace spiketape::cpu
HWY_AFTER_NAMESPACE();

#endif
