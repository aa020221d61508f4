#include "core/kernels/events_by_unit.hpp"

#include <algorithm>

namespace spiketape {

EventsByUnit sort_by_unit(const SpikeTensor& source,
                          std::int64_t first_sample,
                          std::int64_t samples) {
  const auto neurons = static_cast<std::size_t>(source.neurons());
  const auto row_count = static_cast<std::size_t>(samples * source.steps());
  const std::uint32_t* const offsets =
      source.event_offsets().data() + first_sample * source.steps();
  const UnitId* const id = source.event_units().data();
  auto next = Buffer<std::uint32_t>::zeros(neurons + 1, kCpu, MemoryTag::scratch);
  std::uint32_t* const count = next.data();
  for (std::uint32_t e = offsets[0]; e < offsets[row_count]; ++e) ++count[id[e]];

  EventsByUnit sorted;
  sorted.units = Buffer<UnitId>(neurons, kCpu, MemoryTag::scratch);
  sorted.begins = Buffer<std::uint32_t>(neurons + 1, kCpu, MemoryTag::scratch);
  std::size_t fired = 0;
  std::uint32_t total = 0;
  for (std::size_t unit = 0; unit < neurons;
       ++unit) {  // counts become the place of each unit's next row
    const std::uint32_t own = count[unit];
    count[unit] = total;
    sorted.units[fired] = static_cast<UnitId>(unit);
    sorted.begins[fired] = total;
    fired += own > 0 ? 1 : 0;
    total += own;
  }
  sorted.begins[fired] = total;
  sorted.fired = static_cast<std::int64_t>(fired);
  sorted.rows = Buffer<UnitId>(total, kCpu, MemoryTag::scratch);
  for (std::size_t row = 0; row < row_count; ++row)
    for (std::uint32_t e = offsets[row]; e < offsets[row + 1]; ++e)
      sorted.rows[count[id[e]]++] = static_cast<UnitId>(row);
  return sorted;
}

}  // namespace spiketape
