#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "cuda/launch.cuh"

/// One kernel for a whole list of arrays, as optimisers need it: the list is an argument by value,
/// and the grid is [blocks, arrays].
namespace spiketape::cuda {

inline constexpr std::size_t kTableEntries = 64;  ///< so that arguments stay below 4 KiB

/// What a kernel is told of some arrays; its block works on entries[blockIdx.y].
template <typename Entry>
struct Table {
  Entry entries[kTableEntries];
};

/// Starts kernel(table, settings, first) for `entries`, whose member `count` says how many values
/// each has; in several launches when a table does not hold them. `first` is the index of the
/// table's first entry.
template <typename Entry, typename Settings>
void launch_table(void (*kernel)(Table<Entry>, Settings, std::int64_t),
                  std::span<const Entry> entries,
                  const Settings& settings,
                  const Context& context,
                  Place place = Place::current()) {
  for (std::size_t first = 0; first < entries.size(); first += kTableEntries) {
    const auto some = entries.subspan(first, std::min(kTableEntries, entries.size() - first));
    Table<Entry> table{};
    std::copy(some.begin(), some.end(), table.entries);
    std::int64_t most = 0;
    for (const Entry& entry : some) most = std::max(most, entry.count);
    LaunchShape shape = each_of(most, context, place);
    shape.grid.y = static_cast<unsigned>(some.size());
    launch(kernel, shape, table, settings, static_cast<std::int64_t>(first));
  }
}

}  // namespace spiketape::cuda
