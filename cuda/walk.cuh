#pragma once

#include <cstdint>

#include "core/axes.hpp"
#include "cuda/launch.cuh"

namespace spiketape::cuda {

/// Where the values of `kArrays` arrays lie while one index runs over some axes, outermost first.
/// Kernels take it by value.
template <int kArrays>
struct Walk {
  struct Axis {
    std::int64_t size;
    std::int64_t strides[kArrays];
  };
  struct Offsets {
    std::int64_t of[kArrays] = {};
  };

  Axis axes[kMostWalkedAxes] = {};
  std::int64_t rank = 0;  // no padding: the emulation looks for host pointers in every word

  /// Appends an inner axis; there may be kMostWalkedAxes.
  void append(const Axis& axis) { axes[rank++] = axis; }
  std::int64_t count() const {
    std::int64_t product = 1;
    for (std::int64_t k = 0; k < rank; ++k) product *= axes[k].size;
    return product;
  }
  /// Adds the offsets of the value with this index.
  __device__ void advance(Offsets& at, std::int64_t index) const {
    for (std::int64_t k = rank - 1; k >= 0; --k) {
      const std::int64_t rest = k == 0 ? 0 : index / axes[k].size;  // one axis: no division
      const std::int64_t here = index - rest * axes[k].size;
      for (int array = 0; array < kArrays; ++array) at.of[array] += here * axes[k].strides[array];
      index = rest;
    }
  }
};

}  // namespace spiketape::cuda
