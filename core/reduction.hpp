#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/tensor.hpp"

namespace spiketape {

/// How a tensor x is walked while some axes are reduced away to y: neighbours that share a fate are
/// merged, so that the innermost rows are long and each row is either reduced to one value or kept
/// value by value.
class Reduction {
 public:
  struct Axis {
    std::int64_t size;
    std::int64_t stride;  ///< in y; 0 when reduced
    bool reduced;
  };

  /// Reduces `axes`, or all when there are none. @throws ShapeError naming the op for an axis that
  /// is not there or is named twice.
  Reduction(std::string_view op,
            const Shape& shape,
            const std::vector<std::int64_t>& axes,
            bool keep_axes);

  const Shape& shape() const { return shape_; }         ///< of y
  std::int64_t count() const { return count_; }         ///< values of x that make one of y
  std::span<const Axis> axes() const { return axes_; }  ///< outermost first, never empty
  std::int64_t row() const { return axes_.back().size; }
  bool row_reduced() const { return axes_.back().reduced; }

  /// Calls body(x_offset, y_offset) for each row of x, in order.
  template <typename Body>
  void for_rows(const Body& body) const {
    std::int64_t rows = row() == 0 ? 0 : 1;
    for (std::size_t k = 0; k + 1 < axes_.size(); ++k) rows *= axes_[k].size;
    std::vector<std::int64_t> index(axes_.size(), 0);
    std::int64_t y = 0;
    for (std::int64_t r = 0; r < rows; ++r) {
      body(r * row(), y);
      for (std::size_t k = axes_.size() - 1; k-- > 0;) {
        y += axes_[k].stride;
        if (++index[k] < axes_[k].size) break;
        y -= axes_[k].stride * axes_[k].size;
        index[k] = 0;
      }
    }
  }

 private:
  Shape shape_;
  std::vector<Axis> axes_;
  std::int64_t count_ = 1;
};

}  // namespace spiketape
