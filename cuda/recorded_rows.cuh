#pragma once

// From the lists of a forward sweep to the compressed rows of a SpikeTensor: add up the entries of
// each row, scan the sums, and write each entry to its place.
#include "cuda/entry_list.cuh"
#include "cuda/scan.hpp"

namespace spiketape::cuda {

/// The lists of a sweep as rows.
struct ListedRows {
  EntryPool pool;
  std::int64_t rows;
  std::int64_t words;  ///< of a row
  std::uint64_t room;  ///< places for entries

  /// Whether nothing was dropped. Else the rows stay empty, so that nobody reads what is not there.
  __device__ bool whole() const { return *pool.used <= pool.chunks && *pool.entries <= room; }
};

/// counts[row] = entries of the row; the last count, behind the rows, is 0
static __global__ void count_rows_kernel(ListedRows listed, std::uint32_t* counts) {
  const bool whole = listed.whole();
  for (std::int64_t row = thread_index(); row <= listed.rows; row += thread_stride()) {
    std::uint32_t count = 0;
    for (std::int64_t w = 0; w < listed.words && row < listed.rows && whole; ++w)
      count += listed.pool.counts[row * listed.words + w];
    counts[row] = count;
  }
}

/// What becomes of an event: its unit.
struct PlaceEvent {
  UnitId* units;

  __device__ void operator()(std::uint32_t to, UnitId unit, const float* /*distance*/) const {
    units[to] = unit;
  }
};

/// What becomes of an active entry: its unit and slope.
template <typename Surrogate>
struct PlaceActive {
  UnitId* units;
  float* slopes;
  Surrogate surrogate;

  __device__ void operator()(std::uint32_t to, UnitId unit, const float* distance) const {
    units[to] = unit;
    slopes[to] = surrogate(*distance);
  }
};

/// Warps of a block that write rows.
inline constexpr int kWriters = 4;

/// A warp takes one list through all steps, 32 at a time: it looks up the chunks of these steps'
/// entries one after another, then each lane brings the entries of one row to their place.
template <typename Place>
__global__ void __launch_bounds__(kWriters* kWarp) write_rows_kernel(ListedRows listed,
                                                                     std::int64_t steps,
                                                                     const std::uint32_t* offsets,
                                                                     Place place) {
  __shared__ std::uint32_t chunks_of[kWriters][kWarp + 1];
  std::uint32_t* const chunks = chunks_of[threadIdx.x / kWarp];
  const EntryPool& pool = listed.pool;
  const std::int64_t sample = blockIdx.x;
  const std::int64_t word = std::int64_t{blockIdx.y} * kWriters + threadIdx.x / kWarp;
  if (word >= listed.words || !listed.whole()) return;
  std::uint32_t before = 0;  // entries of earlier steps
  std::uint32_t chunk = 0;   // the one with the last of them
  for (std::int64_t first = 0; first < steps; first += kWarp) {
    const std::int64_t step = first + lane_index();
    const std::int64_t row = sample * steps + step;
    const std::uint32_t count = step < steps ? pool.counts[row * listed.words + word] : 0;
    std::uint32_t up_to = count;
    for (int by = 1; by < kWarp; by *= 2) {
      const std::uint32_t other = __shfl_up_sync(kAllLanes, up_to, static_cast<unsigned>(by));
      if (lane_index() >= by) up_to += other;
    }
    const std::uint32_t total = __shfl_sync(kAllLanes, up_to, kWarp - 1);
    if (total == 0) continue;

    const std::uint32_t first_chunk = before / kChunk;
    const std::uint32_t last_chunk = (before + total - 1) / kChunk;
    for (std::uint32_t n = first_chunk; n <= last_chunk; ++n) {
      if (n == 0)
        chunk = pool.heads[sample * listed.words + word];
      else if (n > first_chunk || before % kChunk == 0)
        chunk = pool.next[chunk];
      if (lane_index() == 0) chunks[n - first_chunk] = chunk;
    }
    __syncwarp();
    if (count > 0) {
      std::uint32_t to = offsets[row];
      for (std::int64_t w = 0; w < word; ++w) to += pool.counts[row * listed.words + w];
      for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t e = before + up_to - count + i - first_chunk * kChunk;
        const std::int64_t from = std::int64_t{chunks[e / kChunk]} * kChunk + e % kChunk;
        place(to + i,
              static_cast<UnitId>(word * kWarp + pool.lanes[from]),
              pool.distances != nullptr ? pool.distances + from : nullptr);
      }
    }
    before += total;
    __syncwarp();
  }
}

/// The offsets of listed rows.
inline Buffer<std::uint32_t> row_offsets(const Context& context, const ListedRows& listed) {
  Buffer<std::uint32_t> offsets(static_cast<std::size_t>(listed.rows + 1), context.device());
  launch(count_rows_kernel, each_of(listed.rows + 1, context), listed, offsets.data());
  exclusive_scan(context, offsets.data(), offsets.data(), listed.rows);
  return offsets;
}

/// Brings each entry to its place behind the offsets.
template <typename Place>
void write_rows(const Context& context,
                const ListedRows& listed,
                std::int64_t steps,
                const Buffer<std::uint32_t>& offsets,
                const Place& place) {
  if (listed.room == 0) return;
  launch(
      write_rows_kernel<Place>,
      {.grid = dim3(static_cast<unsigned>(listed.rows / steps), blocks_for(listed.words, kWriters)),
       .block = kWriters * kWarp,
       .stream = context.stream()},
      listed,
      steps,
      offsets.data(),
      place);
}

}  // namespace spiketape::cuda
