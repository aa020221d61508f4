#pragma once

#include <cstdint>
#include <span>

#include "autograd/variable.hpp"

/// Losses that are one fused op: a scalar of shape [].
namespace spiketape {

/// The mean over the batch of -log softmax(scores)[label], log-softmax and likelihood in one pass.
/// `scores` are [batch, class]; one label per sample. A score that is NaN makes the loss NaN.
/// @throws ShapeError when scores have not two axes, the batch is empty, or the number of labels
/// differs; DataError naming the sample when a label is outside [0, classes).
Variable cross_entropy(const Variable& scores, std::span<const std::int32_t> labels);

/// The mean over all values of (x - target)^2. @throws ShapeError when the shapes differ or there
/// are no values.
Variable mean_squared_error(const Variable& x, const Tensor& target);

}  // namespace spiketape
