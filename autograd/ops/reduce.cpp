#include "autograd/ops/reduce.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "autograd/dispatch.hpp"
#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"
#include "core/buffer.hpp"
#include "core/error.hpp"
#include "core/kernels/reduce.hpp"

namespace spiketape {
namespace {

// y = factor * sum over the axes of x        dy/dx = factor for each x that it sums
Variable scaled_sum(std::string_view op, const Variable& x, Reduction walk, double factor) {
  const Device device = x.value().device();
  Tensor value = Tensor::uninitialized(walk.shape(), device);
  dispatch<cpu::sum_forward, cuda::sum_forward>(device,
                                                SumForwardArguments{
                                                    .device = device,
                                                    .walk = walk,
                                                    .factor = factor,
                                                    .x_count = x.value().size(),
                                                    .y_count = value.size(),
                                                    .x = x.value().data(),
                                                    .y = value.data(),
                                                });
  const bool record = recording(x);
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: nothing but the shapes.
  Tape::current()->record(op, [x, y, walk = std::move(walk), factor, device] {
    if (!y.has_grad()) return;
    dispatch<cpu::sum_backward, cuda::sum_backward>(device,
                                                    SumBackwardArguments{
                                                        .device = device,
                                                        .walk = walk,
                                                        .factor = static_cast<float>(factor),
                                                        .grad_y = y.grad().data(),
                                                        .grad_x = x.grad().data(),
                                                    });
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
  const Device device = x.value().device();
  Tensor value = Tensor::uninitialized(walk.shape(), device);
  auto found =
      std::make_shared<Buffer<std::int64_t>>(static_cast<std::size_t>(value.size()), device);
  dispatch<cpu::max_forward, cuda::max_forward>(device,
                                                MaxForwardArguments{
                                                    .device = device,
                                                    .walk = walk,
                                                    .y_count = value.size(),
                                                    .x = x.value().data(),
                                                    .y = value.data(),
                                                    .found = found->data(),
                                                });
  const bool record = recording(x);
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: where each maximum was, which is all that backward reads.
  Tape::current()->record("max", [x, y, found = std::move(found), device] {
    if (!y.has_grad()) return;
    dispatch<cpu::max_backward, cuda::max_backward>(device,
                                                    MaxBackwardArguments{
                                                        .device = device,
                                                        .y_count = y.value().size(),
                                                        .found = found->data(),
                                                        .grad_y = y.grad().data(),
                                                        .grad_x = x.grad().data(),
                                                    });
  });
  return y;
}

}  // namespace spiketape
