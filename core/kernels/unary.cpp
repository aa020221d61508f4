#include "core/kernels/unary.hpp"

#include "core/kernels/loops.hpp"

namespace spiketape::cpu {
namespace {

template <typename Function>
constexpr std::int64_t grain_of(const Function& /*function*/) {
  return Function::kCostly ? kCostlyGrain : kCheapGrain;
}

template <typename Function>
void forward_range(Function function,
                   std::int64_t count,
                   const float* __restrict x,
                   float* __restrict y) {
  for (std::int64_t i = 0; i < count; ++i) y[i] = function.value(x[i]);
}

template <typename Function>
void backward_range(Function function,
                    std::int64_t count,
                    const float* __restrict x,
                    const float* __restrict y,
                    const float* __restrict grad_y,
                    float* __restrict grad_x) {
  for (std::int64_t i = 0; i < count; ++i) grad_x[i] += grad_y[i] * function.slope(x[i], y[i]);
}

}  // namespace

void unary_forward(const UnaryForwardArguments& arguments) {
  std::visit(
      [x = arguments.x, y = arguments.y, count = arguments.count](auto function) {
        over_values(count, grain_of(function), [=](std::int64_t begin, std::int64_t end) {
          forward_range(function, end - begin, x + begin, y + begin);
        });
      },
      arguments.function);
}

void unary_backward(const UnaryBackwardArguments& arguments) {
  std::visit(
      [&](auto function) {
        over_values(arguments.count, grain_of(function), [&](std::int64_t begin, std::int64_t end) {
          backward_range(function,
                         end - begin,
                         arguments.x + begin,
                         arguments.y + begin,
                         arguments.grad_y + begin,
                         arguments.grad_x + begin);
        });
      },
      arguments.function);
}

}  // namespace spiketape::cpu
