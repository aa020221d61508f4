#include "autograd/ops/softmax.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"

namespace spiketape {

// y_i = x_i - m - ln(sum_j exp(x_j - m)), m = max x        dL/dx_i = dL/dy_i - exp(y_i) sum_j
// dL/dy_j
Variable log_softmax(const Variable& x) {
  ops::require_defined("log_softmax", x);
  const std::size_t last = ops::axis_index("log_softmax", x.shape(), -1);
  const ops::AxisView view = ops::view_axis(x.shape(), last);
  const std::int64_t classes = view.size;
  const std::int64_t grain =
      std::max<std::int64_t>(1, ops::kCostlyGrain / std::max<std::int64_t>(1, classes));
  const std::int64_t rows = classes == 0 ? 0 : view.outer;
  Tensor value = Tensor::uninitialized(x.shape());
  const float* scores = x.value().data();
  float* logs = value.data();
  ops::over_values(rows, grain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const float* in = scores + r * classes;
      float* out = logs + r * classes;
      const float highest = *std::max_element(in, in + classes);
      const double total =
          ops::lane_sum(classes, [=](std::int64_t i) { return std::exp(in[i] - highest); });
      const auto log_total = static_cast<float>(std::log(total));
      for (std::int64_t i = 0; i < classes; ++i) out[i] = (in[i] - highest) - log_total;
    }
  });
  const bool record = recording(x);
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: y, whose exponential is the softmax.
  Tape::current()->record("log_softmax", [x, y, rows, classes, grain] {
    if (!y.has_grad()) return;
    const float* ys = y.value().data();
    const float* grad_y = y.grad().data();
    float* grad_x = x.grad().data();
    ops::over_values(rows, grain, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const float* g = grad_y + r * classes;
        const float* log_p = ys + r * classes;
        float* to = grad_x + r * classes;
        const auto total =
            static_cast<float>(ops::lane_sum(classes, [=](std::int64_t i) { return g[i]; }));
        for (std::int64_t i = 0; i < classes; ++i) to[i] += g[i] - std::exp(log_p[i]) * total;
      }
    });
  });
  return y;
}

}  // namespace spiketape
