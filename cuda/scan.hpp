#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/context.hpp"

namespace spiketape::cuda {

/// offsets[r] = counts[0] + ... + counts[r - 1] for r = 0..rows: row offsets from row counts, on
/// the card. Both arrays have room for rows + 1 values, the last count is not used, and `offsets`
/// may be `counts`. Sums must stay below 2^32.
void exclusive_scan(const Context& context,
                    const std::uint32_t* counts,
                    std::uint32_t* offsets,
                    std::int64_t rows);

/// offsets[rows], the number of entries, read by the host: waits for the card.
std::size_t entry_count(const Context& context, const std::uint32_t* offsets, std::int64_t rows);

}  // namespace spiketape::cuda
