#pragma once

#include <cstdint>
#include <string>

#include "apps/config.hpp"
#include "data/augment.hpp"

namespace spiketape::apps {

/// Random changes to the training samples, in the user's units. All off by default.
struct AugmentSettings {
  double blend = 0.0;
  double stretch = 0.0;
  std::int64_t shift = 0;
  double jitter = 0.0;  ///< seconds
  double drop = 0.0;

  Settings settings();
  /// @throws Error for a jitter out of range: in seconds, as it was typed, and not in steps.
  void check(double dt) const;
  /// The same in steps of `dt` seconds.
  AugmentOptions options(double dt) const;
  /// What is on, in words; empty when nothing is.
  std::string in_words() const;
};

}  // namespace spiketape::apps
