#pragma once

#include <cstdint>
#include <vector>

#include "autograd/variable.hpp"

/// Reductions over some axes, or over all of them when `axes` is empty. Negative axes count from
/// the last. The reduced axes disappear, or stay with size 1 when `keep_axes`. Sums are taken in a
/// fixed order, the same bits for any number of threads. @throws ShapeError for an axis that is not
/// there or is named twice.
namespace spiketape {

/// The sum; 0 over no values.
Variable sum(const Variable& x, const std::vector<std::int64_t>& axes = {}, bool keep_axes = false);
/// The mean. @throws ShapeError also over no values.
Variable mean(const Variable& x,
              const std::vector<std::int64_t>& axes = {},
              bool keep_axes = false);
/// The largest value; the first one wins ties and takes the gradient. NaN when there is a NaN.
/// @throws ShapeError also over no values.
Variable max(const Variable& x, const std::vector<std::int64_t>& axes = {}, bool keep_axes = false);

}  // namespace spiketape
