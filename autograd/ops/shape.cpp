#include "autograd/ops/shape.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"

namespace spiketape {

// y = x under another shape        dL/dx = dL/dy under the old one
Variable reshape(const Variable& x, const Shape& shape) {
  ops::require_defined("reshape", x);
  const bool record = recording(x);
  Variable y(x.value().reshape(shape), record);
  if (!record) return y;

  // Saved: nothing.
  Tape::current()->record("reshape", [x, y] {
    if (y.has_grad()) ops::add_to(x.grad().data(), y.grad().data(), x.value().size());
  });
  return y;
}

// y = x[..., begin:end, ...]        dL/dx is dL/dy there and 0 elsewhere
Variable slice(const Variable& x, std::int64_t axis, std::int64_t begin, std::int64_t end) {
  ops::require_defined("slice", x);
  const std::size_t index = ops::axis_index("slice", x.shape(), axis);
  const ops::AxisView from = ops::view_axis(x.shape(), index);
  if (begin < 0 || begin > end || end > from.size)
    throw ShapeError(
        fmt::format("slice: expected 0 <= begin <= end <= {} on axis {} of shape {}, got [{}, {})",
                    from.size,
                    axis,
                    to_string(x.shape()),
                    begin,
                    end));
  Shape shape = x.shape();
  shape[index] = end - begin;
  Tensor value = Tensor::uninitialized(shape);
  const std::int64_t row = (end - begin) * from.inner;
  const std::int64_t stride = from.size * from.inner;
  const std::int64_t start = begin * from.inner;
  const float* read = x.value().data() + start;
  for (std::int64_t i = 0; i < from.outer; ++i)
    std::copy_n(read + i * stride, row, value.data() + i * row);
  const bool record = recording(x);
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: nothing but where the part was.
  Tape::current()->record("slice", [x, y, outer = from.outer, row, stride, start] {
    if (!y.has_grad()) return;
    const float* grad_y = y.grad().data();
    float* grad_x = x.grad().data() + start;
    for (std::int64_t i = 0; i < outer; ++i)
      ops::add_to(grad_x + i * stride, grad_y + i * row, row);
  });
  return y;
}

// y = the parts side by side        dL/dpart = its part of dL/dy
Variable concat(std::span<const Variable> parts, std::int64_t axis) {
  if (parts.empty()) throw ShapeError("concat: expected at least one part, got none");
  for (const Variable& part : parts) ops::require_defined("concat", part);
  Shape shape = parts[0].shape();
  const std::size_t index = ops::axis_index("concat", shape, axis);
  shape[index] = 0;
  for (const Variable& part : parts) {
    Shape rest = part.shape();
    const std::int64_t size = index < rest.size() ? rest[index] : 0;
    if (index < rest.size()) rest[index] = shape[index];
    if (rest != shape)
      throw ShapeError(
          fmt::format("concat: expected parts that differ on axis {} only, got {} after {}",
                      axis,
                      to_string(part.shape()),
                      to_string(parts[0].shape())));
    shape[index] += size;
  }
  Tensor value = Tensor::uninitialized(shape);
  const ops::AxisView to = ops::view_axis(shape, index);
  const std::int64_t stride = to.size * to.inner;
  bool record = false;
  float* write = value.data();
  for (const Variable& part : parts) {
    const std::int64_t row = part.shape()[index] * to.inner;
    for (std::int64_t i = 0; i < to.outer; ++i)
      std::copy_n(part.value().data() + i * row, row, write + i * stride);
    write += row;
    record = record || recording(part);
  }
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: nothing but the parts' handles.
  std::vector<Variable> inputs(parts.begin(), parts.end());
  Tape::current()->record("concat", [inputs = std::move(inputs), y, index, to, stride] {
    if (!y.has_grad()) return;
    const float* grad_y = y.grad().data();
    for (const Variable& part : inputs) {
      const std::int64_t row = part.shape()[index] * to.inner;
      if (part.wants_grad()) {
        float* grad_part = part.grad().data();
        for (std::int64_t i = 0; i < to.outer; ++i)
          ops::add_to(grad_part + i * row, grad_y + i * stride, row);
      }
      grad_y += row;
    }
  });
  return y;
}

Variable concat(std::initializer_list<Variable> parts, std::int64_t axis) {
  return concat(std::span<const Variable>(parts.begin(), parts.size()), axis);
}

}  // namespace spiketape
