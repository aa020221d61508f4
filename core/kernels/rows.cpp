#include "core/kernels/rows.hpp"

#include <algorithm>

namespace spiketape::cpu {
namespace {

void add_to(float* __restrict to, const float* __restrict from, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] += from[i];
}

}  // namespace

void copy_rows(const RowsArguments& arguments) {
  for (std::int64_t i = 0; i < arguments.rows; ++i)
    std::copy_n(arguments.from + i * arguments.from_stride,
                arguments.row,
                arguments.to + i * arguments.to_stride);
}

void add_rows(const RowsArguments& arguments) {
  for (std::int64_t i = 0; i < arguments.rows; ++i)
    add_to(arguments.to + i * arguments.to_stride,
           arguments.from + i * arguments.from_stride,
           arguments.row);
}

}  // namespace spiketape::cpu
