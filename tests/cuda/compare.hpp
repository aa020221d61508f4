#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/device.hpp"
#include "core/tensor.hpp"

namespace spiketape::testing {

/// set_deterministic(true) for its life.
struct Deterministic {
  Deterministic() { set_deterministic(true); }
  ~Deterministic() { set_deterministic(false); }
  Deterministic(const Deterministic&) = delete;
  Deterministic& operator=(const Deterministic&) = delete;
};

/// |got - expected| / |expected|, on the CPU.
inline double norm_error(const Tensor& got, const Tensor& expected) {
  REQUIRE(got.shape() == expected.shape());
  double error = 0.0;
  double norm = 0.0;
  for (std::size_t i = 0; i < expected.values().size(); ++i) {
    const double e = expected.values()[i];
    error += std::pow(got.values()[i] - e, 2.0);
    norm += e * e;
  }
  return std::sqrt(error) / std::max(std::sqrt(norm), 1e-6);
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  return std::ranges::equal(a.to(kCpu).values(), b.to(kCpu).values());
}

inline void check_same_bits(const std::vector<Tensor>& got, const std::vector<Tensor>& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t k = 0; k < got.size(); ++k) CHECK(same_bits(got[k], expected[k]));
}

}  // namespace spiketape::testing
