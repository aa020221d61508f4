#include "core/kernels/events_by_unit.hpp"

#include <algorithm>

namespace spiketape {
namespace {

/// The row of each event of rows [0, row_count). Writes whole runs, of which the next row keeps
/// what belongs to this one: how many events a row has cannot be predicted.
Buffer<UnitId> rows_of_events(const std::uint32_t* offsets, std::size_t row_count) {
  constexpr std::uint32_t kRun = 16;
  Buffer<UnitId> rows(offsets[row_count] - offsets[0] + kRun, kCpu, MemoryTag::scratch);
  for (std::size_t row = 0; row < row_count; ++row) {
    std::uint32_t e = offsets[row] - offsets[0];
    const std::uint32_t end = offsets[row + 1] - offsets[0];
    do {
      std::fill_n(rows.data() + e, kRun, static_cast<UnitId>(row));
      e += kRun;
    } while (e < end);
  }
  return rows;
}

}  // namespace

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
  const Buffer<UnitId> row_of = rows_of_events(offsets, row_count);
  for (std::uint32_t e = 0; e < total; ++e) sorted.rows[count[id[offsets[0] + e]]++] = row_of[e];
  return sorted;
}

}  // namespace spiketape
