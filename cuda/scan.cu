#include "cuda/scan.hpp"

#include <cub/cub.cuh>

#include <limits>

#include "core/buffer.hpp"
#include "core/error.hpp"
#include "cuda/check.hpp"

namespace spiketape::cuda {

void exclusive_scan(const Context& context,
                    const std::uint32_t* counts,
                    std::uint32_t* offsets,
                    std::int64_t rows) {
  if (rows >= std::numeric_limits<int>::max())
    throw ShapeError(
        "a card takes less than 2^31 samples x steps in one batch; use a smaller batch");
  const auto values = static_cast<int>(rows + 1);
  std::size_t bytes = 0;
  check(cub::DeviceScan::ExclusiveSum(nullptr, bytes, counts, offsets, values, context.stream()));
  Buffer<std::byte> scratch(bytes, context.device(), MemoryTag::scratch);
  check(cub::DeviceScan::ExclusiveSum(
      scratch.data(), bytes, counts, offsets, values, context.stream()));
}

std::size_t entry_count(const Context& context, const std::uint32_t* offsets, std::int64_t rows) {
  std::uint32_t entries = 0;
  copy_bytes(&entries, kCpu, offsets + rows, context.device(), sizeof entries);
  return entries;
}

}  // namespace spiketape::cuda
