#include "apps/recipes/augmentation.hpp"

#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"
#include "data/events.hpp"

namespace spiketape::apps {

Settings AugmentSettings::settings() {
  return {
      {"blend", &blend, "probability that a training sample is blended with one of its class"},
      {"stretch", &stretch, "training samples run faster or slower by up to this fraction"},
      {"shift", &shift, "training samples move by up to so many units (x and y) of the sensor"},
      {"jitter", &jitter, "each training event moves in time by a normal with so many seconds"},
      {"drop", &drop, "probability that an event of a training sample is left out"},
  };
}

void AugmentSettings::check(double dt) const {
  const double most = static_cast<double>(kMaxDataSteps) * dt;
  if (!(jitter >= 0.0 && jitter <= most))
    throw Error(fmt::format("jitter: expected 0 to {:g} seconds, got {:g}", most, jitter));
}

AugmentOptions AugmentSettings::options(double dt) const {
  return {.blend = blend, .stretch = stretch, .shift = shift, .jitter = jitter / dt, .drop = drop};
}

std::string AugmentSettings::in_words() const {
  std::vector<std::string> on;
  if (blend != 0.0) on.push_back(fmt::format("blend {:g}", blend));
  if (stretch != 0.0) on.push_back(fmt::format("stretch {:g}", stretch));
  if (shift != 0) on.push_back(fmt::format("shift {}", shift));
  if (jitter != 0.0) on.push_back(fmt::format("jitter {:g} ms", 1e3 * jitter));
  if (drop != 0.0) on.push_back(fmt::format("drop {:g}", drop));
  return join_names(on);
}

}  // namespace spiketape::apps
