#pragma once

// From the words that a forward sweep recorded to the compressed rows of a SpikeTensor: count the
// bits of each row, scan the counts, and write each bit to its place.
#include "core/spike_tensor.hpp"
#include "cuda/forward_kernel.cuh"
#include "cuda/scan.hpp"

namespace spiketape::cuda {

/// counts[row] = bits set in the words of the row; the last count, behind the rows, is 0
static __global__ void count_bits_kernel(const std::uint32_t* words,
                                         std::int64_t words_per_row,
                                         std::int64_t rows,
                                         std::uint32_t* counts) {
  for (std::int64_t row = thread_index(); row <= rows; row += thread_stride()) {
    std::uint32_t count = 0;
    for (std::int64_t w = 0; w < words_per_row && row < rows; ++w)
      count += static_cast<std::uint32_t>(__popc(words[row * words_per_row + w]));
    counts[row] = count;
  }
}

/// Writes the unit of each bit: a thread takes one word.
static __global__ void write_units_kernel(const std::uint32_t* words,
                                          std::int64_t words_per_row,
                                          std::int64_t rows,
                                          const std::uint32_t* offsets,
                                          UnitId* units) {
  for (std::int64_t i = thread_index(); i < rows * words_per_row; i += thread_stride()) {
    std::uint32_t bits = words[i];
    if (bits == 0) continue;
    const std::int64_t row = i / words_per_row;
    std::uint32_t to = offsets[row];
    for (std::int64_t w = row * words_per_row; w < i; ++w)
      to += static_cast<std::uint32_t>(__popc(words[w]));
    for (; bits != 0; bits &= bits - 1)
      units[to++] =
          static_cast<UnitId>((i % words_per_row) * kWarp + __ffs(static_cast<int>(bits)) - 1);
  }
}

/// Writes the slope of each active entry. A warp takes one word of a sample through all steps, 32
/// steps at a time: a distance's place in the warp's list is the number of entries before it.
template <typename Surrogate>
__global__ void write_slopes_kernel(Surrogate surrogate,
                                    WordRecord record,
                                    std::int64_t steps,
                                    const std::uint32_t* offsets,
                                    float* slopes) {
  const std::int64_t sample = blockIdx.x;
  const std::int64_t word = std::int64_t{blockIdx.y} * (blockDim.x / kWarp) + threadIdx.x / kWarp;
  if (word >= record.words) return;
  const float* const distances =
      record.distances + (sample * record.words + word) * record.capacity;
  std::uint32_t before = 0;
  for (std::int64_t first = 0; first < steps; first += kWarp) {
    const std::int64_t step = first + lane_index();
    const std::int64_t row = sample * steps + step;
    const std::uint32_t bits = step < steps ? record.active[row * record.words + word] : 0;
    const auto count = static_cast<std::uint32_t>(__popc(bits));
    std::uint32_t up_to = count;
    for (int by = 1; by < kWarp; by *= 2) {
      const std::uint32_t other = __shfl_up_sync(kAllLanes, up_to, static_cast<unsigned>(by));
      if (lane_index() >= by) up_to += other;
    }
    if (count > 0) {
      std::uint32_t to = offsets[row];
      for (std::int64_t w = 0; w < word; ++w)
        to += static_cast<std::uint32_t>(__popc(record.active[row * record.words + w]));
      for (std::uint32_t i = 0; i < count; ++i)
        slopes[to + i] = surrogate(distances[before + up_to - count + i]);
    }
    before += __shfl_sync(kAllLanes, up_to, kWarp - 1);
  }
}

/// The rows of recorded words that hold `count` bits in all.
inline UnitRows rows_of_words(const Context& context,
                              const std::uint32_t* words,
                              std::int64_t words_per_row,
                              std::int64_t rows,
                              std::uint64_t count) {
  Buffer<std::uint32_t> counts(
      static_cast<std::size_t>(rows + 1), context.device(), MemoryTag::scratch);
  Buffer<std::uint32_t> offsets(static_cast<std::size_t>(rows + 1), context.device());
  Buffer<UnitId> units(static_cast<std::size_t>(count), context.device());
  launch(count_bits_kernel, each_of(rows + 1, context), words, words_per_row, rows, counts.data());
  exclusive_scan(context, counts.data(), offsets.data(), rows);
  if (count > 0)
    launch(write_units_kernel,
           each_of(rows * words_per_row, context),
           words,
           words_per_row,
           rows,
           offsets.data(),
           units.data());
  return {std::make_shared<const Buffer<std::uint32_t>>(std::move(offsets)),
          std::make_shared<const Buffer<UnitId>>(std::move(units))};
}

}  // namespace spiketape::cuda
