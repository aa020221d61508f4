#include "core/kernels/pool.hpp"

#include <memory>
#include <utility>

#include "cuda/launch.cuh"

namespace spiketape::cuda {
namespace {

/// `count` lies behind the offsets: there may be room for more entries than there are.
__global__ void map_units(const UnitId* units,
                          const UnitId* map,
                          const std::uint32_t* count,
                          UnitId* mapped) {
  for (std::int64_t e = thread_index(); e < *count; e += thread_stride()) mapped[e] = map[units[e]];
}

__global__ void add(const float* grad_pooled, std::int64_t count, float* grad) {
  for (std::int64_t e = thread_index(); e < count; e += thread_stride()) grad[e] += grad_pooled[e];
}

}  // namespace

UnitRows pool_forward(const PoolForwardArguments& arguments) {
  const UnitRows& rows = arguments.rows;
  const std::int64_t room = rows.room();
  if (room == 0) return rows;
  const Device device = rows.units->device();
  const auto map = Buffer<UnitId>::copy_of(arguments.map, MemoryTag::scratch, device);
  Buffer<UnitId> mapped(static_cast<std::size_t>(room), device);
  launch(map_units,
         each_of(room, Context::use(device)),
         rows.units->data(),
         map.data(),
         rows.offsets->data() + rows.offsets->size() - 1,
         mapped.data());
  return {rows.offsets, std::make_shared<const Buffer<UnitId>>(std::move(mapped)), rows.counted};
}

void pool_backward(const PoolBackwardArguments& arguments) {
  const std::int64_t count = arguments.grad.size();
  launch(add,
         each_of(count, Context::use(arguments.grad.device())),
         arguments.grad_pooled.data(),
         count,
         arguments.grad.data());
}

}  // namespace spiketape::cuda
