#include "core/kernels/dropout.hpp"

#include <cstddef>
#include <utility>
#include <vector>

#include "core/parallel.hpp"
#include "core/random.hpp"

namespace spiketape::cpu {
namespace {

constexpr std::int64_t kRowsPerTask = 4096;

bool keeps(const DropoutMask& mask, std::int64_t row, UnitId unit) {
  const std::int64_t place = (mask.whole_units ? row / mask.steps : row) * mask.neurons + unit;
  return random_uniform(mask.seed, mask.call, static_cast<std::uint64_t>(place)) >=
         mask.probability;
}

}  // namespace

UnitRows dropout_forward(const DropoutForwardArguments& arguments) {
  const UnitRows& from = arguments.rows;
  if (!from.offsets || from.offsets->empty()) return {};
  const std::span<const std::uint32_t> offsets = from.offsets->span();
  const UnitId* const units = from.units ? from.units->data() : nullptr;
  const auto rows = static_cast<std::int64_t>(offsets.size()) - 1;
  Buffer<std::uint32_t> kept_offsets(offsets.size());
  std::vector<std::uint8_t> keep(offsets.back());
  kept_offsets[0] = 0;
  parallel_ranges(rows, kRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const auto r = static_cast<std::size_t>(row);
      std::uint32_t count = 0;
      for (std::uint32_t e = offsets[r]; e < offsets[r + 1]; ++e) {
        keep[e] = keeps(arguments.mask, row, units[e]) ? 1 : 0;
        count += keep[e];
      }
      kept_offsets[r + 1] = count;
    }
  });
  for (std::size_t row = 1; row < kept_offsets.size(); ++row)
    kept_offsets[row] += kept_offsets[row - 1];
  Buffer<UnitId> kept_units(kept_offsets[kept_offsets.size() - 1]);
  std::size_t to = 0;
  for (std::uint32_t e = 0; e < offsets.back(); ++e)
    if (keep[e] != 0) kept_units[to++] = units[e];
  return {std::make_shared<const Buffer<std::uint32_t>>(std::move(kept_offsets)),
          std::make_shared<const Buffer<UnitId>>(std::move(kept_units))};
}

void dropout_backward(const DropoutBackwardArguments& arguments) {
  if (arguments.rows.count() == 0) return;
  const std::span<const std::uint32_t> offsets = arguments.rows.offsets->span();
  const std::span<const std::uint32_t> kept_offsets = arguments.kept.offsets->span();
  const UnitId* const units = arguments.rows.units->data();
  const auto rows = static_cast<std::int64_t>(offsets.size()) - 1;
  parallel_ranges(rows, kRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const auto r = static_cast<std::size_t>(row);
      std::uint32_t from = kept_offsets[r];
      for (std::uint32_t e = offsets[r]; e < offsets[r + 1]; ++e)
        if (keeps(arguments.mask, row, units[e])) arguments.grad[e] += arguments.grad_kept[from++];
    }
  });
}

}  // namespace spiketape::cpu
