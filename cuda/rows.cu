#include "core/kernels/rows.hpp"

#include "cuda/launch.cuh"

namespace spiketape::cuda {
namespace {

template <bool kAdd>
__global__ void rows_kernel(RowsArguments arguments) {
  const std::int64_t count = arguments.rows * arguments.row;
  for (std::int64_t i = thread_index(); i < count; i += thread_stride()) {
    const std::int64_t row = arguments.rows == 1 ? 0 : i / arguments.row;
    const std::int64_t column = i - row * arguments.row;
    const float value = arguments.from[row * arguments.from_stride + column];
    float& to = arguments.to[row * arguments.to_stride + column];
    to = kAdd ? to + value : value;
  }
}

template <bool kAdd>
void run(const RowsArguments& arguments) {
  launch(rows_kernel<kAdd>,
         each_of(arguments.rows * arguments.row, Context::use(arguments.device)),
         arguments);
}

}  // namespace

void copy_rows(const RowsArguments& arguments) { run<false>(arguments); }
void add_rows(const RowsArguments& arguments) { run<true>(arguments); }

}  // namespace spiketape::cuda
