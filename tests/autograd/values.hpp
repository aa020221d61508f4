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

inline Tensor tensor(Shape shape, std::initializer_list<float> values) {
  return Tensor::from_values(std::move(shape),
                             std::span<const float>(values.begin(), values.size()));
}

/// A variable that wants a gradient.
inline Variable leaf(Shape shape, std::initializer_list<float> values) {
  return Variable(tensor(std::move(shape), values), true);
}

/// Uniform numbers in [low, high), the same for one seed.
inline Tensor uniform(const Shape& shape, std::uint64_t seed, float low, float high) {
  Tensor values = Tensor::uninitialized(shape);
  Random random(seed);
  for (float& value : values.values()) value = low + (high - low) * random.uniform();
  return values;
}

inline std::vector<float> list(const Tensor& x) { return {x.values().begin(), x.values().end()}; }

using Floats = std::vector<float>;

}  // namespace spiketape::tests
