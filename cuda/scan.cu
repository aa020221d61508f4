#include "cuda/scan.hpp"

#include <cub/cub.cuh>

#include "core/buffer.hpp"
#include "cuda/check.hpp"

namespace spiketape::cuda {

void exclusive_scan(const Context& context,
                    const std::uint32_t* counts,
                    std::uint32_t* offsets,
                    std::int64_t rows) {
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
