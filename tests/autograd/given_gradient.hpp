#pragma once

#include <utility>

#include "autograd/tape.hpp"
#include "autograd/variable.hpp"

namespace spiketape::test {

/// A loss whose backward gives `x` (a Variable or SpikeVariable) the gradient `grad`, so that a
/// test of one op on one device needs no other op. Needs a tape.
template <typename T>
Variable loss_with_gradient(const T& x, Tensor grad) {
  Variable loss(Tensor::scalar(1.0f), true);
  Tape::current()->record("given gradient",
                          [x, grad = std::move(grad)] { x.grad().copy_from(grad); });
  return loss;
}

}  // namespace spiketape::test
