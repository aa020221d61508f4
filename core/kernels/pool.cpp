#include "core/kernels/pool.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace spiketape::cpu {

UnitRows pool_forward(const PoolForwardArguments& arguments) {
  const UnitRows& rows = arguments.rows;
  if (!rows.units) return rows;
  Buffer<UnitId> mapped(static_cast<std::size_t>(rows.count()));
  for (std::size_t e = 0; e < mapped.size(); ++e) mapped[e] = arguments.map[(*rows.units)[e]];
  return {rows.offsets, std::make_shared<const Buffer<UnitId>>(std::move(mapped))};
}

void pool_backward(const PoolBackwardArguments& arguments) {
  const float* const grad_pooled = arguments.grad_pooled.data();
  float* const grad = arguments.grad.data();
  for (std::int64_t e = 0; e < arguments.grad.size(); ++e) grad[e] += grad_pooled[e];
}

}  // namespace spiketape::cpu
