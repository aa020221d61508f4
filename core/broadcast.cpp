#include "core/broadcast.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/axes.hpp"
#include "core/error.hpp"

namespace spiketape {

Broadcast::Broadcast(std::string_view op, const Shape& a, const Shape& b)
    : shape_(std::max(a.size(), b.size())) {
  std::int64_t a_stride = 1;
  std::int64_t b_stride = 1;
  for (std::size_t back = 0; back < shape_.size(); ++back) {  // innermost first, reversed below
    const std::int64_t a_size = back < a.size() ? a[a.size() - 1 - back] : 1;
    const std::int64_t b_size = back < b.size() ? b[b.size() - 1 - back] : 1;
    if (a_size != b_size && a_size != 1 && b_size != 1)
      throw ShapeError(fmt::format(
          "{}: expected shapes that broadcast (aligned at the last axis, sizes equal or 1), got "
          "{} and {}; reshape one of them",
          op,
          to_string(a),
          to_string(b)));
    const std::int64_t size = a_size == 1 ? b_size : a_size;
    shape_[shape_.size() - 1 - back] = size;
    if (size != 1) {
      const bool a_moves = a_size != 1;
      const bool b_moves = b_size != 1;
      if (!axes_.empty() && (axes_.back().a_stride != 0) == a_moves &&
          (axes_.back().b_stride != 0) == b_moves)
        axes_.back().size *= size;
      else
        axes_.push_back({size, a_moves ? a_stride : 0, b_moves ? b_stride : 0});
    }
    a_stride *= a_size;
    b_stride *= b_size;
  }
  if (axes_.empty()) axes_.push_back({1, 1, 1});
  require_walkable(op, axes_.size());
  std::reverse(axes_.begin(), axes_.end());
}

}  // namespace spiketape
