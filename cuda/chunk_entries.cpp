#include "cuda/chunk_entries.hpp"

#include "cuda/recording.hpp"

namespace spiketape::cuda {

EntryRange entry_range(const UnitRows& rows, std::int64_t first, std::int64_t count) {
  if (rows.counted) refuse_while_recording("a path that counts a chunk's entries");
  const Buffer<std::uint32_t>& offsets = *rows.offsets;
  const auto last = static_cast<std::int64_t>(offsets.size()) - 1;
  const auto begin_of = [&](std::int64_t row) -> std::int64_t {
    if (row == 0) return 0;
    if (row == last) return rows.count();
    std::uint32_t begin = 0;
    copy_bytes(&begin, kCpu, offsets.data() + row, offsets.device(), sizeof begin);
    return begin;
  };
  return {begin_of(first), begin_of(first + count)};
}

std::int64_t most_entries(const UnitRows& rows, std::int64_t first, std::int64_t count) {
  return rows.counted ? rows.room() : entry_range(rows, first, count).count();
}

}  // namespace spiketape::cuda
