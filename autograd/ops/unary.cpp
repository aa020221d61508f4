#include "autograd/ops/unary.hpp"

#include <utility>

#include "autograd/dispatch.hpp"
#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"
#include "core/kernels/unary.hpp"

namespace spiketape {
namespace {

// y = f(x)        dL/dx = dL/dy f'(x); the functions are in core/kernels/unary_functions.hpp
template <typename Function>
Variable unary(const Variable& x, Function function) {
  ops::require_defined(Function::kName, x);
  const Device device = x.value().device();
  Tensor value = Tensor::uninitialized(x.shape(), device);
  dispatch<cpu::unary_forward, cuda::unary_forward>(device,
                                                    UnaryForwardArguments{.device = device,
                                                                          .function = function,
                                                                          .count = value.size(),
                                                                          .x = x.value().data(),
                                                                          .y = value.data()});
  const bool record = recording(x);
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: x and y, as handles; each derivative reads the one that makes it cheap.
  Tape::current()->record(Function::kName, [x, y, function, device] {
    if (!y.has_grad()) return;
    dispatch<cpu::unary_backward, cuda::unary_backward>(
        device,
        UnaryBackwardArguments{.device = device,
                               .function = function,
                               .count = y.value().size(),
                               .x = x.value().data(),
                               .y = y.value().data(),
                               .grad_y = y.grad().data(),
                               .grad_x = x.grad().data()});
  });
  return y;
}

}  // namespace

Variable exp(const Variable& x) { return unary(x, functions::Exp{}); }
Variable log(const Variable& x) { return unary(x, functions::Log{}); }
Variable tanh(const Variable& x) { return unary(x, functions::Tanh{}); }
Variable sigmoid(const Variable& x) { return unary(x, functions::Sigmoid{}); }
Variable relu(const Variable& x) { return unary(x, functions::Relu{}); }
Variable abs(const Variable& x) { return unary(x, functions::Abs{}); }
Variable power(const Variable& x, float exponent) {
  if (exponent == 2.0f) return unary(x, functions::Square{});
  return unary(x, functions::Power{exponent});
}

}  // namespace spiketape
