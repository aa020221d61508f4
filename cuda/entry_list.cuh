#pragma once

// Reading guide: where a warp puts what it finds on its way through the steps - who fired, who was
// active - before anyone knows how much that will be. Each 32 neurons of a sample have a list. A
// list is a chain of chunks, taken as they are needed from a pool that all lists share, so memory
// follows what there is and not the fullest list. An entry is the lane (one byte) and, in the
// active set, the distance from the threshold; entries lie in the order of steps and lanes, and
// counts[row * words + word] says how many of them each row has. A chunk that the pool does not
// have is counted and dropped: the sweep is then repeated with a larger pool.
#include "core/spike_tensor.hpp"
#include "cuda/launch.cuh"
#include "cuda/spoiled.cuh"

namespace spiketape::cuda {

/// Entries of a chunk; a step adds at most as many, so it needs at most one new chunk.
inline constexpr std::uint32_t kChunk = kWarp;

/// Lists of a sample.
inline std::int64_t words_of(std::int64_t neurons) { return (neurons + kWarp - 1) / kWarp; }

/// The lists of a sweep: list (sample * words + word) has the neurons [32 word, 32 word + 32).
struct EntryPool {
  std::uint64_t* entries = nullptr;  ///< how many were listed, the dropped ones included
  std::uint32_t* used = nullptr;     ///< chunks taken, those beyond `chunks` included
  std::uint32_t chunks = 0;          ///< how many there are
  std::uint32_t* heads = nullptr;    ///< [list]: its first chunk; undefined for an empty list
  std::uint32_t* next = nullptr;     ///< [chunk]: the one after it in its list
  std::uint8_t* lanes = nullptr;     ///< [chunk, kChunk]
  float* distances = nullptr;        ///< [chunk, kChunk], or null
  std::uint8_t* counts = nullptr;    ///< [row, word]; null when nothing is to be listed
  std::uint64_t places = ~std::uint64_t{0};  ///< entries that the rows made of the lists can hold
  Spoiled spoiled;                           ///< set when they, or the chunks, are too few
};

/// One list while its warp writes it; the same in all lanes.
struct ListWriter {
  std::uint32_t listed;
  std::uint32_t chunk;

  __device__ void start() { listed = chunk = 0; }

  /// Appends an entry for each lane set in `lanes`; all lanes of the warp call.
  __device__ void append(const EntryPool& pool, std::int64_t list, unsigned lanes, float distance) {
    if (lanes == 0) return;
    const auto lane = static_cast<unsigned>(lane_index());
    const bool mine = (lanes >> lane & 1) != 0;
    const std::uint32_t place =
        listed % kChunk + static_cast<std::uint32_t>(__popc(lanes & ((1u << lane) - 1)));
    const std::uint32_t end = listed % kChunk + static_cast<std::uint32_t>(__popc(lanes));
    if (listed % kChunk == 0) add_chunk(pool, list);
    if (mine && place < kChunk) write(pool, place, lane, distance);
    listed += static_cast<std::uint32_t>(__popc(lanes));
    if (end <= kChunk) return;
    add_chunk(pool, list);
    if (mine && place >= kChunk) write(pool, place - kChunk, lane, distance);
  }

  /// Tells the pool how long the list became; all lanes call, one counts.
  __device__ void finish(const EntryPool& pool) const {
    static_assert(sizeof(std::uint64_t) == sizeof(unsigned long long));
    if (listed == 0 || lane_index() != 0) return;
    const std::uint64_t before = atomicAdd(reinterpret_cast<unsigned long long*>(pool.entries),
                                           static_cast<unsigned long long>(listed));
    if (before + listed > pool.places) pool.spoiled.set();
  }

 private:
  __device__ void add_chunk(const EntryPool& pool, std::int64_t list) {
    std::uint32_t added = 0;
    if (lane_index() == 0) {
      added = atomicAdd(pool.used, 1u);
      if (added >= pool.chunks) pool.spoiled.set();
      if (listed == 0)
        pool.heads[list] = added;
      else if (chunk < pool.chunks)
        pool.next[chunk] = added;
    }
    chunk = __shfl_sync(kAllLanes, added, 0);
  }
  __device__ void write(const EntryPool& pool,
                        std::uint32_t place,
                        unsigned lane,
                        float distance) const {
    if (chunk >= pool.chunks) return;
    pool.lanes[std::int64_t{chunk} * kChunk + place] = static_cast<std::uint8_t>(lane);
    if (pool.distances != nullptr) pool.distances[std::int64_t{chunk} * kChunk + place] = distance;
  }
};

}  // namespace spiketape::cuda
