#pragma once

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "data/dataset.hpp"

namespace spiketape::testing {

/// Checks that two data sets have the same samples.
inline void check_same(const Dataset& one, const Dataset& other) {
  REQUIRE(one.size() == other.size());
  CHECK(one.steps() == other.steps());
  CHECK(one.neurons() == other.neurons());
  CHECK(one.classes() == other.classes());
  std::vector<StepEvent> events, others;
  for (std::int64_t i = one.size(); i-- > 0;) {  // not in the order of the disk
    one.encode(i, events);
    other.encode(i, others);
    CHECK(events == others);
    CHECK(one.label(i) == other.label(i));
  }
}

}  // namespace spiketape::testing
