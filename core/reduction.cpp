#include "core/reduction.hpp"

#include <fmt/format.h>

#include "core/axes.hpp"
#include "core/error.hpp"

namespace spiketape {

Reduction::Reduction(std::string_view op,
                     const Shape& shape,
                     const std::vector<std::int64_t>& axes,
                     bool keep_axes) {
  std::vector<bool> reduced(shape.size(), axes.empty());
  for (const std::int64_t axis : axes) {
    const std::size_t index = axis_index(op, shape, axis);
    if (reduced[index])
      throw ShapeError(fmt::format("{}: axis {} of shape {} is named twice; name each axis once",
                                   op,
                                   axis,
                                   to_string(shape)));
    reduced[index] = true;
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (reduced[i]) count_ *= shape[i];
    if (!reduced[i] || keep_axes) shape_.push_back(reduced[i] ? 1 : shape[i]);
    if (shape[i] == 1) continue;
    if (!axes_.empty() && axes_.back().reduced == reduced[i])
      axes_.back().size *= shape[i];
    else
      axes_.push_back({shape[i], 0, reduced[i]});
  }
  if (axes_.empty()) axes_.push_back({1, 0, false});
  require_walkable(op, axes_.size());
  std::int64_t stride = 1;
  for (std::size_t k = axes_.size(); k-- > 0;) {
    if (axes_[k].reduced) continue;
    axes_[k].stride = stride;
    stride *= axes_[k].size;
  }
}

}  // namespace spiketape
