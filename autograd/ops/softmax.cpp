#include "autograd/ops/softmax.hpp"

#include <utility>

#include "autograd/dispatch.hpp"
#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"
#include "core/axes.hpp"
#include "core/kernels/log_softmax.hpp"

namespace spiketape {

// y_i = x_i - m - ln(sum_j exp(x_j - m)), m = max x        dL/dx_i = dL/dy_i - exp(y_i) sum_j
// dL/dy_j
Variable log_softmax(const Variable& x) {
  ops::require_defined("log_softmax", x);
  const AxisView view = view_axis(x.shape(), axis_index("log_softmax", x.shape(), -1));
  const Device device = x.value().device();
  Tensor value = Tensor::uninitialized(x.shape(), device);
  dispatch<cpu::log_softmax_forward, cuda::log_softmax_forward>(
      device,
      LogSoftmaxForwardArguments{.device = device,
                                 .rows = view.outer,
                                 .classes = view.size,
                                 .x = x.value().data(),
                                 .y = value.data()});
  const bool record = recording(x);
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: y, whose exponential is the softmax.
  Tape::current()->record("log_softmax", [x, y, view, device] {
    if (!y.has_grad()) return;
    dispatch<cpu::log_softmax_backward, cuda::log_softmax_backward>(
        device,
        LogSoftmaxBackwardArguments{.device = device,
                                    .rows = view.outer,
                                    .classes = view.size,
                                    .y = y.value().data(),
                                    .grad_y = y.grad().data(),
                                    .grad_x = x.grad().data()});
  });
  return y;
}

}  // namespace spiketape
