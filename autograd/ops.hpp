#pragma once

/// The dense differentiable ops. Each takes Variables of float32 on one device, returns a new
/// Variable there, and under a tape records one entry when an input wants a gradient. Shapes that
/// do not fit raise ShapeError naming the op, inputs on two devices BackendError.
#include "autograd/ops/binary.hpp"
#include "autograd/ops/loss.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/ops/shape.hpp"
#include "autograd/ops/softmax.hpp"
#include "autograd/ops/unary.hpp"
