#pragma once

#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "layers/checkpoint.hpp"
#include "tests/apps/small_run.hpp"

namespace spiketape::apps {

inline void check_same_bits(const std::vector<NamedTensor>& one,
                            const std::vector<NamedTensor>& other) {
  REQUIRE(one.size() == other.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    CAPTURE(one[i].name);
    CHECK(one[i].name == other[i].name);
    REQUIRE(one[i].tensor.shape() == other[i].tensor.shape());
    CHECK(std::memcmp(one[i].tensor.data(),
                      other[i].tensor.data(),
                      one[i].tensor.values().size_bytes()) == 0);
  }
}

/// Same weights, optimiser, position and metrics, to the bit.
inline void check_same_run(const std::string& one, const std::string& other) {
  for (const char* name : {"/checkpoint.h5", "/best.h5"}) {
    const Checkpoint a = load_checkpoint(one + name);
    const Checkpoint b = load_checkpoint(other + name);
    check_same_bits(a.parameters, b.parameters);
    check_same_bits(a.optimizer, b.optimizer);
    CHECK(a.counters == b.counters);
    CHECK(a.epoch == b.epoch);
    CHECK(a.batch == b.batch);
  }
  CHECK(metrics_without_times(one) == metrics_without_times(other));
}

}  // namespace spiketape::apps
