#include "autograd/ops/binary.hpp"

#include <utility>

#include "autograd/dispatch.hpp"
#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"
#include "core/kernels/binary.hpp"

namespace spiketape {
namespace {

// y = f(a, b); the functions and their derivatives are in core/kernels/binary_functions.hpp
template <typename Function>
Variable binary(const Variable& a, const Variable& b) {
  ops::require_operands(Function::kName, a, b);
  const Device device = a.value().device();
  Broadcast walk(Function::kName, a.shape(), b.shape());
  Tensor value = Tensor::uninitialized(walk.shape(), device);
  dispatch<cpu::binary_forward, cuda::binary_forward>(device,
                                                      BinaryForwardArguments{
                                                          .device = device,
                                                          .function = Function{},
                                                          .walk = walk,
                                                          .a = a.value().data(),
                                                          .b = b.value().data(),
                                                          .y = value.data(),
                                                      });
  const bool record = recording(a, b);
  Variable y(std::move(value), record);
  if (!record) return y;

  // Saved: the operands (mul and div read them), as handles.
  Tape::current()->record(Function::kName, [a, b, y, walk = std::move(walk), device] {
    if (!y.has_grad()) return;
    dispatch<cpu::binary_backward, cuda::binary_backward>(
        device,
        BinaryBackwardArguments{
            .device = device,
            .function = Function{},
            .walk = walk,
            .a = a.value().data(),
            .b = b.value().data(),
            .grad_y = y.grad().data(),
            .grad_a = a.wants_grad() ? a.grad().data() : nullptr,
            .grad_b = b.wants_grad() ? b.grad().data() : nullptr,
        });
  });
  return y;
}

/// A number as an operand of an op with x, on x's device.
Variable constant(float value, const Variable& x) {
  return Variable(Tensor::scalar(value, x.defined() ? x.value().device() : kCpu));
}

}  // namespace

Variable add(const Variable& a, const Variable& b) { return binary<functions::Add>(a, b); }
Variable sub(const Variable& a, const Variable& b) { return binary<functions::Sub>(a, b); }
Variable mul(const Variable& a, const Variable& b) { return binary<functions::Mul>(a, b); }
Variable div(const Variable& a, const Variable& b) { return binary<functions::Div>(a, b); }

Variable operator+(const Variable& a, const Variable& b) { return add(a, b); }
Variable operator-(const Variable& a, const Variable& b) { return sub(a, b); }
Variable operator*(const Variable& a, const Variable& b) { return mul(a, b); }
Variable operator/(const Variable& a, const Variable& b) { return div(a, b); }

Variable operator+(const Variable& a, float b) { return add(a, constant(b, a)); }
Variable operator-(const Variable& a, float b) { return sub(a, constant(b, a)); }
Variable operator*(const Variable& a, float b) { return mul(a, constant(b, a)); }
Variable operator/(const Variable& a, float b) { return div(a, constant(b, a)); }

Variable operator+(float a, const Variable& b) { return add(constant(a, b), b); }
Variable operator-(float a, const Variable& b) { return sub(constant(a, b), b); }
Variable operator*(float a, const Variable& b) { return mul(constant(a, b), b); }
Variable operator/(float a, const Variable& b) { return div(constant(a, b), b); }

Variable operator-(const Variable& x) { return mul(x, constant(-1.0f, x)); }

}  // namespace spiketape
