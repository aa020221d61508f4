#include "core/kernels/clip.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/kernels/loops.hpp"

namespace spiketape::cpu {

void squared_norms(const SquaredNormsArguments& arguments) {
  for (std::size_t k = 0; k < arguments.gradients.size(); ++k) {
    const float* g = arguments.gradients[k].values;
    arguments.norms[k] = parallel_sum(
        arguments.gradients[k].count, kCheapGrain, [g](std::int64_t begin, std::int64_t end) {
          return lane_sum(end - begin, [=](std::int64_t i) {
            const auto value = static_cast<double>(g[begin + i]);
            return value * value;
          });
        });
  }
}

void scale(const ScaleArguments& arguments) {
  for (const GradientView& gradient : arguments.gradients)
    over_values(
        gradient.count,
        kCheapGrain,
        [g = gradient.values, factor = arguments.factor](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) g[i] *= factor;
        });
}

std::int64_t clamp(const ClampArguments& arguments) {
  for (std::size_t k = 0; k < arguments.gradients.size(); ++k) {
    const auto [values, count] = arguments.gradients[k];
    for (std::int64_t i = 0; i < count; ++i) {
      if (std::isnan(values[i])) return static_cast<std::int64_t>(k);
      values[i] = std::clamp(values[i], -arguments.limit, arguments.limit);
    }
  }
  return -1;
}

}  // namespace spiketape::cpu
