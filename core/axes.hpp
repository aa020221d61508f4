#pragma once

#include <cstddef>
#include <string_view>

#include "core/tensor.hpp"

namespace spiketape {

/// Index of an axis that may count from the last. @throws ShapeError naming the op when there is no
/// such axis.
std::size_t axis_index(std::string_view op, const Shape& shape, std::int64_t axis);

/// The values before an axis, on it, and after it: a row-major tensor seen as [outer, size, inner].
struct AxisView {
  std::int64_t outer = 1;
  std::int64_t size = 1;
  std::int64_t inner = 1;
};
AxisView view_axis(const Shape& shape, std::size_t axis);

/// Most axes that a walk over a tensor may have left after merging (Broadcast, Reduction): kernels
/// on a card take them by value.
inline constexpr std::size_t kMostWalkedAxes = 16;

/// @throws ShapeError naming the op when a walk has more than kMostWalkedAxes.
void require_walkable(std::string_view op, std::size_t axes);

}  // namespace spiketape
