#pragma once

#include "core/spike_tensor.hpp"
#include "cuda/linear_chunk.hpp"

namespace spiketape::cuda {

/// The rows of a chunk in a UnitRows on a card, as kernels see them.
struct EntryRows {
  const std::uint32_t* offsets =
      nullptr;                    ///< rows + 1 values, counted from the tensor's first entry
  const UnitId* units = nullptr;  ///< of the whole tensor
  std::int64_t rows = 0;
};

/// @pre rows.count() > 0
template <typename T>
EntryRows entry_rows(const UnitRows& rows, const ChunkRows<T>& chunk) {
  return {rows.offsets->data() + chunk.first_row(), rows.units->data(), chunk.rows()};
}

/// The entries [begin, end) of the whole tensor.
struct EntryRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  std::int64_t count() const { return end - begin; }
};

/// Which entries the `count` rows from `first` on have, known to the host: waits for the card where
/// they are not all.
EntryRange entry_range(const UnitRows& rows, std::int64_t first, std::int64_t count);

/// How many entries these rows have. In a recording, which cannot know, how many they can have.
std::int64_t most_entries(const UnitRows& rows, std::int64_t first, std::int64_t count);

}  // namespace spiketape::cuda
