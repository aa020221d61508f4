// A warp walks a row, 32 entries at a time: a ballot says which of them the mask keeps, and the
// lanes below an entry are its place among the kept ones. The mask is asked again for each pass.
#include "core/kernels/dropout.hpp"

#include <memory>
#include <utility>

#include "cuda/launch.cuh"
#include "cuda/random.cuh"
#include "cuda/recording.hpp"
#include "cuda/scan.hpp"

namespace spiketape::cuda {
namespace {

struct Rows {
  const std::uint32_t* offsets;
  const UnitId* units;
  std::int64_t count;
};

__device__ bool keeps(const DropoutMask& mask, std::int64_t row, UnitId unit) {
  const std::int64_t place = (mask.whole_units ? row / mask.steps : row) * mask.neurons + unit;
  const std::uint64_t call =
      mask.earlier_calls != nullptr ? *mask.earlier_calls + mask.call : mask.call;
  return random_uniform(mask.seed, call, static_cast<std::uint64_t>(place)) >= mask.probability;
}

/// Calls visit(entry, its place among the kept ones) for each entry of `row` that the mask keeps;
/// returns how many there are. For all lanes of a warp together.
template <typename Visit>
__device__ std::uint32_t for_each_kept(const DropoutMask& mask,
                                       const Rows& rows,
                                       std::int64_t row,
                                       const Visit& visit) {
  const auto lane = static_cast<unsigned>(lane_index());
  const std::int64_t end = rows.offsets[row + 1];
  std::uint32_t kept = 0;
  for (std::int64_t first = rows.offsets[row]; first < end; first += kWarp) {
    const std::int64_t e = first + lane;
    const bool keep = e < end && keeps(mask, row, rows.units[e]);
    const unsigned lanes = __ballot_sync(kAllLanes, keep);
    if (keep) visit(e, kept + static_cast<std::uint32_t>(__popc(lanes & ((1u << lane) - 1))));
    kept += static_cast<std::uint32_t>(__popc(lanes));
  }
  return kept;
}

__global__ void count_kept(DropoutMask mask, Rows rows, std::uint32_t* counts) {
  for (std::int64_t row = thread_index() / kWarp; row < rows.count;
       row += thread_stride() / kWarp) {
    const std::uint32_t kept =
        for_each_kept(mask, rows, row, [](std::int64_t /*e*/, std::uint32_t /*place*/) {});
    if (lane_index() == 0) counts[row] = kept;
  }
}

/// Says at `count`, unless it is null, how many there are.
__global__ void copy_kept(DropoutMask mask,
                          Rows rows,
                          const std::uint32_t* kept_offsets,
                          UnitId* kept_units,
                          std::uint64_t* count) {
  if (count != nullptr && thread_index() == 0) *count = kept_offsets[rows.count];
  for (std::int64_t row = thread_index() / kWarp; row < rows.count;
       row += thread_stride() / kWarp) {
    UnitId* const to = kept_units + kept_offsets[row];
    for_each_kept(
        mask, rows, row, [=](std::int64_t e, std::uint32_t place) { to[place] = rows.units[e]; });
  }
}

__global__ void spread_gradient(DropoutMask mask,
                                Rows rows,
                                const std::uint32_t* kept_offsets,
                                const float* grad_kept,
                                float* grad) {
  for (std::int64_t row = thread_index() / kWarp; row < rows.count;
       row += thread_stride() / kWarp) {
    const float* const from = grad_kept + kept_offsets[row];
    for_each_kept(
        mask, rows, row, [=](std::int64_t e, std::uint32_t place) { grad[e] += from[place]; });
  }
}

Rows rows_of(const UnitRows& rows) {
  return {rows.offsets->data(),
          rows.units->data(),
          static_cast<std::int64_t>(rows.offsets->size()) - 1};
}

}  // namespace

UnitRows dropout_forward(const DropoutForwardArguments& arguments) {
  if (arguments.rows.room() == 0) return arguments.rows;
  const Device device = arguments.rows.offsets->device();
  const Context& context = Context::use(device);
  const Rows rows = rows_of(arguments.rows);
  const LaunchShape shape = each_of(rows.count * kWarp, context);
  Buffer<std::uint32_t> offsets(arguments.rows.offsets->size(), device);
  launch(count_kept, shape, arguments.mask, rows, offsets.data());
  exclusive_scan(context, offsets.data(), offsets.data(), rows.count);
  Recording::Note<std::uint64_t> counted{};
  auto room = static_cast<std::size_t>(arguments.rows.room());
  if (Recording* const recording = Recording::current())
    counted = recording->note<std::uint64_t>(0, static_cast<std::uint64_t>(arguments.rows.count()));
  else
    room = entry_count(context, offsets.data(), rows.count);
  Buffer<UnitId> units(room, device);
  launch(copy_kept, shape, arguments.mask, rows, offsets.data(), units.data(), counted.on_card);
  return {std::make_shared<const Buffer<std::uint32_t>>(std::move(offsets)),
          std::make_shared<const Buffer<UnitId>>(std::move(units)),
          std::move(counted.on_host)};
}

void dropout_backward(const DropoutBackwardArguments& arguments) {
  if (arguments.rows.room() == 0) return;
  const Context& context = Context::use(arguments.rows.offsets->device());
  const Rows rows = rows_of(arguments.rows);
  launch(spread_gradient,
         each_of(rows.count * kWarp, context),
         arguments.mask,
         rows,
         arguments.kept.offsets->data(),
         arguments.grad_kept,
         arguments.grad);
}

}  // namespace spiketape::cuda
