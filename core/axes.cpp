#include "core/axes.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {

std::size_t axis_index(std::string_view op, const Shape& shape, std::int64_t axis) {
  const auto rank = static_cast<std::int64_t>(shape.size());
  const std::int64_t index = axis < 0 ? axis + rank : axis;
  if (index < 0 || index >= rank)
    throw ShapeError(fmt::format("{}: expected an axis in [{}, {}), got {} for shape {}",
                                 op,
                                 -rank,
                                 rank,
                                 axis,
                                 to_string(shape)));
  return static_cast<std::size_t>(index);
}

AxisView view_axis(const Shape& shape, std::size_t axis) {
  AxisView view;
  for (std::size_t i = 0; i < axis; ++i) view.outer *= shape[i];
  view.size = shape[axis];
  for (std::size_t i = axis + 1; i < shape.size(); ++i) view.inner *= shape[i];
  return view;
}

void require_walkable(std::string_view op, std::size_t axes) {
  if (axes > kMostWalkedAxes)
    throw ShapeError(
        fmt::format("{}: expected at most {} axes after those that repeat or reduce alike are "
                    "merged, got {}; reshape neighbours into one",
                    op,
                    kMostWalkedAxes,
                    axes));
}

}  // namespace spiketape
