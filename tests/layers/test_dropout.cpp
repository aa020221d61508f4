#include "layers/dropout.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

SpikeVariable many_spikes() {
  std::vector<Event> events;
  for (std::int32_t b = 0; b < 4; ++b)
    for (std::int32_t t = 0; t < 20; ++t)
      for (std::int32_t n = 0; n < 25; ++n) events.push_back({b, t, n});
  return SpikeTensor::from_events(4, 20, 25, events);
}

std::vector<UnitId> survivors(Dropout& dropout) {
  const SpikeVariable kept = dropout(many_spikes());
  return {kept.value().event_units().begin(), kept.value().event_units().end()};
}

}  // namespace

TEST_CASE("dropout drops about its share while training and scales the survivors") {
  Module root;
  Dropout dropout(root, "drop", {.probability = 0.25f});
  const SpikeVariable kept = dropout(many_spikes());
  CHECK(kept.value().event_count() > 1400);
  CHECK(kept.value().event_count() < 1600);
  CHECK(kept.amplitude() == doctest::Approx(1.0 / 0.75));
}

TEST_CASE("in evaluation dropout passes the spikes on and counts no call") {
  Module root;
  Dropout dropout(root, "drop");
  root.set_training(false);
  CHECK(dropout(many_spikes()).value().event_count() == 2000);
  CHECK(dropout.calls() == 0);
}

TEST_CASE("each call drops others, and the counter brings a call back") {
  Module root;
  Dropout dropout(root, "drop");
  const auto first = survivors(dropout);
  const auto second = survivors(dropout);
  CHECK(first != second);
  CHECK(dropout.calls() == 2);
  *root.counters()[0].value = 1;
  CHECK(survivors(dropout) == second);
}

TEST_CASE("two dropouts of one seed drop different events, another seed too") {
  Module root;
  Dropout a(root, "a");
  Dropout b(root, "b");
  const auto of_a = survivors(a);
  CHECK(of_a != survivors(b));
  root.initialize(9);
  CHECK(a.calls() == 0);
  CHECK(of_a != survivors(a));
  root.initialize(0);
  CHECK(of_a == survivors(a));
}

TEST_CASE("a probability outside [0, 1) is refused") {
  Module root;
  CHECK_THROWS_WITH_AS(
      Dropout(root, "d", {.probability = 1.0f}), doctest::Contains("d: the probability"), Error);
  CHECK_THROWS_AS(Dropout(root, "d", {.probability = -0.1f}), Error);
  CHECK(root.counters().empty());
}

}  // namespace spiketape
