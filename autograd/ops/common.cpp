#include "autograd/ops/common.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape::ops {

void require_defined(std::string_view op, const Variable& x) {
  if (!x.defined())
    throw Error(fmt::format(
        "{}: expected a variable with a value, got an undefined one; give it a Tensor first", op));
}

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

}  // namespace spiketape::ops
