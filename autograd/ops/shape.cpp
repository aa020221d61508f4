#include "autograd/ops/shape.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "autograd/dispatch.hpp"
#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"
#include "core/axes.hpp"
#include "core/error.hpp"
#include "core/kernels/rows.hpp"

namespace spiketape {
namespace {

void copy(const RowsArguments& rows) {
  dispatch<cpu::copy_rows, cuda::copy_rows>(rows.device, rows);
}
void add(const RowsArguments& rows) { dispatch<cpu::add_rows, cuda::add_rows>(rows.device, rows); }

}  // namespace

// y = x under another shape        dL/dx = dL/dy under the old one
Variable reshape(const Variable& x, const Shape& shape) {
  ops::require_defined("reshape", x);
  const bool record = recording(x);
  Variable y(x.value().reshape(shape), record);
  if (!record) return y;

  // Saved: nothing.
  Tape::current()->record("reshape", [x, y] {
    if (!y.has_grad()) return;
    add({.device = x.value().device(),
         .rows = 1,
         .row = x.value().size(),
         .from = y.grad().data(),
         .to = x.grad().data()});
  });
  return y;
}

// y = x[..., begin:end, ...]        dL/dx is dL/dy there and 0 elsewhere
Variable slice(const Variable& x, std::int64_t axis, std::int64_t begin, std::int64_t end) {
  ops::require_defined("slice", x);
  const std::size_t index = axis_index("slice", x.shape(), axis);
  const AxisView from = view_axis(x.shape(), index);
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
  const Device device = x.value().device();
  Tensor value = Tensor::uninitialized(shape, device);
  const std::int64_t row = (end - begin) * from.inner;
  const std::int64_t stride = from.size * from.inner;
  const std::int64_t start = begin * from.inner;
  copy({.device = device,
        .rows = from.outer,
        .row = row,
        .from = x.value().data() + start,
        .from_stride = stride,
        .to = value.data(),
        .to_stride = row});
  const bool record = recording(x);
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: nothing but where the part was.
  Tape::current()->record("slice", [x, y, outer = from.outer, row, stride, start, device] {
    if (!y.has_grad()) return;
    add({.device = device,
         .rows = outer,
         .row = row,
         .from = y.grad().data(),
         .from_stride = row,
         .to = x.grad().data() + start,
         .to_stride = stride});
  });
  return y;
}

// y = the parts side by side        dL/dpart = its part of dL/dy
Variable concat(std::span<const Variable> parts, std::int64_t axis) {
  if (parts.empty()) throw ShapeError("concat: expected at least one part, got none");
  for (const Variable& part : parts) ops::require_operands("concat", parts[0], part);
  Shape shape = parts[0].shape();
  const std::size_t index = axis_index("concat", shape, axis);
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
  const Device device = parts[0].value().device();
  Tensor value = Tensor::uninitialized(shape, device);
  const AxisView to = view_axis(shape, index);
  const std::int64_t stride = to.size * to.inner;
  bool record = false;
  float* write = value.data();
  for (const Variable& part : parts) {
    const std::int64_t row = part.shape()[index] * to.inner;
    copy({.device = device,
          .rows = to.outer,
          .row = row,
          .from = part.value().data(),
          .from_stride = row,
          .to = write,
          .to_stride = stride});
    write += row;
    record = record || recording(part);
  }
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: nothing but the parts' handles.
  std::vector<Variable> inputs(parts.begin(), parts.end());
  Tape::current()->record("concat", [inputs = std::move(inputs), y, index, to, stride, device] {
    if (!y.has_grad()) return;
    const float* grad_y = y.grad().data();
    for (const Variable& part : inputs) {
      const std::int64_t row = part.shape()[index] * to.inner;
      if (part.wants_grad())
        add({.device = device,
             .rows = to.outer,
             .row = row,
             .from = grad_y,
             .from_stride = stride,
             .to = part.grad().data(),
             .to_stride = row});
      grad_y += row;
    }
  });
  return y;
}

Variable concat(std::initializer_list<Variable> parts, std::int64_t axis) {
  return concat(std::span<const Variable>(parts.begin(), parts.size()), axis);
}

}  // namespace spiketape
