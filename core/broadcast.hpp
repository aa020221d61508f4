#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/tensor.hpp"

namespace spiketape {

/// How two shapes are walked together. Axes of size 1 are dropped and neighbours that repeat alike
/// are merged, so equal shapes, and a scalar with anything, become one row without index
/// arithmetic.
class Broadcast {
 public:
  struct Axis {
    std::int64_t size;
    std::int64_t a_stride;  ///< in values; 0 where one value of a serves the whole axis
    std::int64_t b_stride;
  };

  /// @throws ShapeError naming the op when two axes differ and neither is 1.
  Broadcast(std::string_view op, const Shape& a, const Shape& b);

  const Shape& shape() const { return shape_; }
  /// Outermost first, never empty.
  std::span<const Axis> axes() const { return axes_; }
  /// Length of the contiguous innermost rows, at least 1 unless there are no values.
  std::int64_t row() const { return axes_.back().size; }
  /// 1 when the operand advances along a row, 0 when one value serves the whole row.
  bool a_moves() const { return axes_.back().a_stride != 0; }
  bool b_moves() const { return axes_.back().b_stride != 0; }
  bool one_row() const { return axes_.size() == 1; }

  /// Calls body(a_offset, b_offset, y_offset) for each row, in order.
  template <typename Body>
  void for_rows(const Body& body) const {
    std::int64_t rows = 1;
    for (std::size_t k = 0; k + 1 < axes_.size(); ++k) rows *= axes_[k].size;
    if (row() == 0) return;
    std::vector<std::int64_t> index(axes_.size(), 0);
    std::int64_t a = 0;
    std::int64_t b = 0;
    for (std::int64_t r = 0; r < rows; ++r) {
      body(a, b, r * row());
      for (std::size_t k = axes_.size() - 1;
           k-- > 0;) {  // the odometer: the row's axis never turns
        a += axes_[k].a_stride;
        b += axes_[k].b_stride;
        if (++index[k] < axes_[k].size) break;
        a -= axes_[k].a_stride * axes_[k].size;
        b -= axes_[k].b_stride * axes_[k].size;
        index[k] = 0;
      }
    }
  }

 private:
  Shape shape_;
  std::vector<Axis> axes_;
};

}  // namespace spiketape
