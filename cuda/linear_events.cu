// Reading guide: every sum has one owner, who adds in the order of the events, so no atomics and
// the same bits from run to run. gather: a warp owns 32 columns of a row. sample: a warp owns an
// active entry. scatter: the chunk's events are sorted by unit (a stable sort, so that a unit's
// rows rise), and a thread block owns 32 columns of a unit's weights. In a recorded step nobody
// knows how many events there will be: as many as there is room for are sorted, the missing ones
// behind the others.
#include <bit>

#include <cub/cub.cuh>

#include "cuda/chunk_entries.hpp"
#include "cuda/launch.cuh"
#include "cuda/linear_chunk.hpp"

namespace spiketape::cuda {
namespace {

/// Warps of a block that share the rows of a unit (scatter), or the entries of a row (sample).
constexpr int kParts = 8;

std::int64_t tiles_of(std::int64_t neurons) { return (neurons + kWarp - 1) / kWarp; }

/// One warp for each of `count` pieces of work, fewer for very many.
LaunchShape warp_for_each(std::int64_t count,
                          const Context& context,
                          Place place = Place::current()) {
  return each_of(count * kWarp, context, place);
}

__global__ void gather_kernel(EntryRows events,
                              const float* weights,
                              float amplitude,
                              std::int64_t neurons,
                              std::int64_t tiles,
                              float* current) {
  for (std::int64_t at = thread_index() / kWarp; at < events.rows * tiles;
       at += thread_stride() / kWarp) {
    const std::int64_t row = at / tiles;
    const std::int64_t column = at % tiles * kWarp + lane_index();
    const std::uint32_t begin = events.offsets[row];
    const std::uint32_t end = events.offsets[row + 1];
    if (begin == end || column >= neurons) continue;
    double sum = 0.0;
    for (std::uint32_t e = begin; e < end; ++e)
      sum += static_cast<double>(weights[events.units[e] * neurons + column]);
    current[row * neurons + column] += amplitude * static_cast<float>(sum);
  }
}

/// How many entries the rows have.
__device__ std::int64_t total(const EntryRows& entries) {
  return entries.offsets[entries.rows] - entries.offsets[0];
}

/// The row and unit of each event, both counted from the chunk's first. Up to `most` follow events
/// of the last unit, which a stable sort leaves behind all others.
__global__ void unpack_kernel(EntryRows events,
                              std::int64_t most,
                              std::int64_t inputs,
                              std::uint32_t* numbers,
                              UnitId* units) {
  const std::uint32_t first = events.offsets[0];
  for (std::int64_t e = total(events) + thread_index(); e < most; e += thread_stride()) {
    numbers[e] = 0;
    units[e] = static_cast<UnitId>(inputs - 1);
  }
  for (std::int64_t row = thread_index() / kWarp; row < events.rows;
       row += thread_stride() / kWarp) {
    const std::uint32_t end = events.offsets[row + 1];
    for (std::uint32_t e = events.offsets[row] + static_cast<std::uint32_t>(lane_index()); e < end;
         e += kWarp) {
      numbers[e - first] = static_cast<std::uint32_t>(row);
      units[e - first] = events.units[e];
    }
  }
}

/// begins[u] = first place of unit u or a later one among the sorted units, u = 0..inputs
__global__ void unit_begins_kernel(EntryRows events,
                                   const UnitId* sorted_units,
                                   std::int64_t inputs,
                                   std::int64_t* begins) {
  const std::int64_t count = total(events);
  for (std::int64_t unit = thread_index(); unit <= inputs; unit += thread_stride()) {
    std::int64_t low = 0;
    std::int64_t high = count;
    while (low < high) {
      const std::int64_t middle = (low + high) / 2;
      if (sorted_units[middle] < unit)
        low = middle + 1;
      else
        high = middle;
    }
    begins[unit] = low;
  }
}

__global__ void scatter_kernel(const std::int64_t* begins,
                               const std::uint32_t* sorted_rows,
                               const float* lambda,
                               float amplitude,
                               std::int64_t neurons,
                               std::int64_t tiles,
                               float* grad_weight) {
  __shared__ float sums[kParts][kWarp];
  const std::int64_t unit = blockIdx.x / tiles;
  const std::int64_t column = blockIdx.x % tiles * kWarp + lane_index();
  const int part = static_cast<int>(threadIdx.x) / kWarp;
  const std::int64_t begin = begins[unit];
  const std::int64_t end = begins[unit + 1];
  if (begin == end) return;
  float sum = 0.0f;
  if (column < neurons)
    for (std::int64_t e = begin + part; e < end; e += kParts)
      sum += lambda[sorted_rows[e] * neurons + column];
  sums[part][lane_index()] = sum;
  __syncthreads();
  if (part != 0 || column >= neurons) return;
  for (int p = 1; p < kParts; ++p) sum += sums[p][lane_index()];
  grad_weight[unit * neurons + column] += amplitude * sum;
}

__global__ void sample_kernel(EntryRows active,
                              const float* weights,
                              const float* lambda,
                              float amplitude,
                              std::int64_t neurons,
                              float* grad_source) {
  const std::int64_t row = blockIdx.x;
  const float* const row_lambda = lambda + row * neurons;
  const std::uint32_t end = active.offsets[row + 1];
  for (std::uint32_t e = active.offsets[row] + threadIdx.x / kWarp; e < end; e += kParts) {
    const float* const weight = weights + active.units[e] * neurons;
    float sum = 0.0f;
    for (std::int64_t j = lane_index(); j < neurons; j += kWarp)
      sum = fmaf(weight[j], row_lambda[j], sum);
    sum = warp_sum(sum);
    if (lane_index() == 0) grad_source[e] += amplitude * sum;
  }
}

/// The rows of a chunk's events, counted from its first, sorted by unit: those of unit u are
/// rows[begins[u]] ... rows[begins[u + 1] - 1], rising.
struct RowsByUnit {
  Buffer<std::int64_t> begins;  ///< inputs + 1 values
  Buffer<std::uint32_t> rows;
};

template <typename T>
Buffer<T> scratch(std::int64_t count, const Context& context) {
  return Buffer<T>(static_cast<std::size_t>(count), context.device(), MemoryTag::scratch);
}

/// @pre the events are at most `most`
RowsByUnit sort_rows_by_unit(const Context& context,
                             const EntryRows& events,
                             std::int64_t most,
                             std::int64_t inputs) {
  RowsByUnit sorted{scratch<std::int64_t>(inputs + 1, context),
                    scratch<std::uint32_t>(most, context)};
  Buffer<std::uint32_t> numbers = scratch<std::uint32_t>(most, context);
  Buffer<UnitId> units = scratch<UnitId>(most, context);
  Buffer<UnitId> sorted_units = scratch<UnitId>(most, context);
  const int bits =
      std::max(1, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(inputs - 1))));
  launch(unpack_kernel,
         warp_for_each(events.rows, context),
         events,
         most,
         inputs,
         numbers.data(),
         units.data());
  const auto sort = [&](std::byte* memory, std::size_t& bytes) {
    check(cub::DeviceRadixSort::SortPairs(memory,
                                          bytes,
                                          static_cast<const UnitId*>(units.data()),
                                          sorted_units.data(),
                                          static_cast<const std::uint32_t*>(numbers.data()),
                                          sorted.rows.data(),
                                          most,
                                          0,
                                          bits,
                                          context.stream()));
  };
  std::size_t bytes = 0;
  sort(nullptr, bytes);
  Buffer<std::byte> memory = scratch<std::byte>(static_cast<std::int64_t>(bytes), context);
  sort(memory.data(), bytes);
  launch(unit_begins_kernel,
         each_of(inputs + 1, context),
         events,
         sorted_units.data(),
         inputs,
         sorted.begins.data());
  return sorted;
}

void gather(const CurrentView::Term& term, const ChunkRows<float>& current) {
  if (term.source.events().room() == 0) return;
  const Context& context = Context::use(term.weight.device());
  const std::int64_t tiles = tiles_of(current.neurons);
  launch(gather_kernel,
         warp_for_each(current.rows() * tiles, context),
         entry_rows(term.source.events(), current),
         term.weight.data(),
         term.amplitude,
         current.neurons,
         tiles,
         current.data);
}

void scatter(const CurrentView::Term& term,
             const ChunkRows<const float>& lambda,
             float* grad_weight) {
  const UnitRows& events = term.source.events();
  if (events.room() == 0) return;
  const std::int64_t most = most_entries(events, lambda.first_row(), lambda.rows());
  if (most == 0) return;
  const Context& context = Context::use(term.weight.device());
  const std::int64_t inputs = term.source.neurons();
  const std::int64_t tiles = tiles_of(lambda.neurons);
  const RowsByUnit sorted = sort_rows_by_unit(context, entry_rows(events, lambda), most, inputs);
  launch(
      scatter_kernel,
      {.grid = blocks_for(inputs * tiles, 1), .block = kParts * kWarp, .stream = context.stream()},
      sorted.begins.data(),
      sorted.rows.data(),
      lambda.data,
      term.amplitude,
      lambda.neurons,
      tiles,
      grad_weight);
}

void sample(const CurrentView::Term& term,
            const ChunkRows<const float>& lambda,
            float* grad_source) {
  if (term.source.active().room() == 0) return;
  const Context& context = Context::use(term.weight.device());
  launch(
      sample_kernel,
      {.grid = blocks_for(lambda.rows(), 1), .block = kParts * kWarp, .stream = context.stream()},
      entry_rows(term.source.active(), lambda),
      term.weight.data(),
      lambda.data,
      term.amplitude,
      lambda.neurons,
      grad_source);
}

}  // namespace

const ChunkVerbs kDeterministicEvents{&gather, &scatter, &sample};

}  // namespace spiketape::cuda
