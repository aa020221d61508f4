#pragma once

#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "autograd/tape.hpp"
#include "autograd/variable.hpp"
#include "core/random.hpp"

/// What the tests of dense ops share.
namespace spiketape::tests {

inline Tensor tensor(Shape shape, std::initializer_list<float> values, Device device = kCpu) {
  return Tensor::from_values(std::move(shape),
                             std::span<const float>(values.begin(), values.size()))
      .to(device);
}

/// A variable that wants a gradient.
inline Variable leaf(Shape shape, std::initializer_list<float> values, Device device = kCpu) {
  return Variable(tensor(std::move(shape), values, device), true);
}

/// Uniform numbers in [low, high), the same for one seed.
inline Tensor uniform(
    const Shape& shape, std::uint64_t seed, float low, float high, Device device = kCpu) {
  Tensor values = Tensor::uninitialized(shape);
  Random random(seed);
  for (float& value : values.values()) value = low + (high - low) * random.uniform();
  return values.to(device);
}

/// The values of a tensor on any device.
inline std::vector<float> list(const Tensor& x) {
  const Tensor host = x.to(kCpu);
  return {host.values().begin(), host.values().end()};
}

using Floats = std::vector<float>;

}  // namespace spiketape::tests
