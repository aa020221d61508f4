#include "autograd/ops/reduce.hpp"

#include <cmath>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"
#include "core/buffer.hpp"
#include "core/error.hpp"

namespace spiketape {
namespace {

/// How a tensor is walked while some axes are summed away: neighbours that share a fate are merged,
/// so that the innermost rows are long and each row is either reduced to one value or kept value by
/// value.
class Reduction {
 public:
  Reduction(std::string_view op,
            const Shape& shape,
            const std::vector<std::int64_t>& axes,
            bool keep_axes) {
    std::vector<bool> reduced(shape.size(), axes.empty());
    for (const std::int64_t axis : axes) {
      const std::size_t index = ops::axis_index(op, shape, axis);
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
    std::int64_t stride = 1;
    for (std::size_t k = axes_.size(); k-- > 0;) {
      if (axes_[k].reduced) continue;
      axes_[k].stride = stride;
      stride *= axes_[k].size;
    }
  }

  const Shape& shape() const { return shape_; }
  std::int64_t count() const { return count_; }  ///< values that make one result
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
  struct Axis {
    std::int64_t size;
    std::int64_t stride;  // in y; 0 when reduced
    bool reduced;
  };
  Shape shape_;
  std::vector<Axis> axes_;  // outermost first, never empty
  std::int64_t count_ = 1;
};

/// Sums of x times `factor`, held in double until the end.
Tensor forward_sum(const Reduction& walk, const Tensor& x, double factor) {
  Tensor y = Tensor::uninitialized(walk.shape());
  const float* from = x.data();
  if (y.size() == 1) {  // the usual end of a loss
    const double total = parallel_sum(x.size(), ops::kCheapGrain, [from](auto begin, auto end) {
      return ops::lane_sum(end - begin, [=](std::int64_t i) { return from[begin + i]; });
    });
    y.fill(static_cast<float>(total * factor));
    return y;
  }
  std::vector<double> sums(static_cast<std::size_t>(y.size()), 0.0);
  const std::int64_t row = walk.row();
  walk.for_rows([&](std::int64_t x_at, std::int64_t y_at) {
    const float* values = from + x_at;
    double* to = sums.data() + y_at;
    if (walk.row_reduced())
      *to += ops::lane_sum(row, [=](std::int64_t i) { return values[i]; });
    else
      for (std::int64_t i = 0; i < row; ++i) to[i] += static_cast<double>(values[i]);
  });
  float* to = y.data();
  for (std::size_t i = 0; i < sums.size(); ++i) to[i] = static_cast<float>(sums[i] * factor);
  return y;
}

void backward_sum(const Reduction& walk, const float* grad_y, float* grad_x, float factor) {
  const std::int64_t row = walk.row();
  walk.for_rows([&](std::int64_t x_at, std::int64_t y_at) {
    float* to = grad_x + x_at;
    const float* from = grad_y + y_at;
    if (walk.row_reduced())
      for (std::int64_t i = 0; i < row; ++i) to[i] += factor * *from;
    else
      for (std::int64_t i = 0; i < row; ++i) to[i] += factor * from[i];
  });
}

// y = factor * sum over the axes of x        dy/dx = factor for each x that it sums
Variable scaled_sum(std::string_view op, const Variable& x, Reduction walk, double factor) {
  const bool record = recording(x);
  Variable y(forward_sum(walk, x.value(), factor), record);
  if (!record) return y;

  // Saved: nothing but the shapes.
  Tape::current()->record(op, [x, y, walk = std::move(walk), factor] {
    if (!y.has_grad()) return;
    backward_sum(walk, y.grad().data(), x.grad().data(), static_cast<float>(factor));
  });
  return y;
}

void require_values(std::string_view op, const Reduction& walk, const Variable& x) {
  if (walk.count() == 0)
    throw ShapeError(fmt::format(
        "{}: expected at least one value to reduce, got shape {}; leave out the empty axis",
        op,
        to_string(x.shape())));
}

/// y, and for each of its values where in x it was found.
void forward_max(const Reduction& walk, const Tensor& x, Tensor& y, std::span<std::int64_t> found) {
  const std::int64_t row = walk.row();
  const float* values = x.data();
  float* best = y.data();
  std::fill(found.begin(), found.end(), -1);
  const auto offer = [&](std::int64_t from, std::int64_t to) {
    const float value = values[from];
    std::int64_t& at = found[static_cast<std::size_t>(to)];
    // A NaN beats every number and nothing beats it.
    if (at < 0 || value > best[to] || (std::isnan(value) && !std::isnan(best[to]))) {
      best[to] = value;
      at = from;
    }
  };
  walk.for_rows([&](std::int64_t x_at, std::int64_t y_at) {
    for (std::int64_t i = 0; i < row; ++i) offer(x_at + i, walk.row_reduced() ? y_at : y_at + i);
  });
}

}  // namespace

Variable sum(const Variable& x, const std::vector<std::int64_t>& axes, bool keep_axes) {
  ops::require_defined("sum", x);
  return scaled_sum("sum", x, Reduction("sum", x.shape(), axes, keep_axes), 1.0);
}

Variable mean(const Variable& x, const std::vector<std::int64_t>& axes, bool keep_axes) {
  ops::require_defined("mean", x);
  Reduction walk("mean", x.shape(), axes, keep_axes);
  require_values("mean", walk, x);
  const double factor = 1.0 / static_cast<double>(walk.count());
  return scaled_sum("mean", x, std::move(walk), factor);
}

// y = max over the axes of x        dy/dx = 1 for the first x that is the maximum, else 0
Variable max(const Variable& x, const std::vector<std::int64_t>& axes, bool keep_axes) {
  ops::require_defined("max", x);
  const Reduction walk("max", x.shape(), axes, keep_axes);
  require_values("max", walk, x);
  Tensor value = Tensor::uninitialized(walk.shape());
  auto found = std::make_shared<Buffer<std::int64_t>>(static_cast<std::size_t>(value.size()));
  forward_max(walk, x.value(), value, found->span());
  const bool record = recording(x);
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: where each maximum was, which is all that backward reads.
  Tape::current()->record("max", [x, y, found = std::move(found)] {
    if (!y.has_grad()) return;
    const float* grad_y = y.grad().data();
    float* grad_x = x.grad().data();
    for (std::size_t i = 0; i < found->size(); ++i) grad_x[(*found)[i]] += grad_y[i];
  });
  return y;
}

}  // namespace spiketape
