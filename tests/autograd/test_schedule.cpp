#include <doctest/doctest.h>

#include <limits>

#include "autograd/schedule.hpp"
#include "core/error.hpp"

namespace spiketape {

TEST_CASE("a constant schedule is the base rate at every step") {
  const Schedule schedule;
  CHECK(schedule.rate(0.1f, 0, 100) == 0.1f);
  CHECK(schedule.rate(0.1f, 99, 100) == 0.1f);
  CHECK(schedule.rate(0.1f, 1000, 100) == 0.1f);
}

TEST_CASE("a cosine goes from the base rate to its final fraction, half-way in the middle") {
  const Schedule to_zero{.decay = CosineSchedule{}};
  CHECK(to_zero.rate(0.4f, 0, 100) == 0.4f);
  CHECK(to_zero.rate(0.4f, 50, 100) == doctest::Approx(0.2));
  CHECK(to_zero.rate(0.4f, 100, 100) == doctest::Approx(0.0));
  CHECK(to_zero.rate(0.4f, 500, 100) == to_zero.rate(0.4f, 100, 100));
  const Schedule to_tenth{.decay = CosineSchedule{.final_fraction = 0.1f}};
  CHECK(to_tenth.rate(1.0f, 25, 100) == doctest::Approx(0.1 + 0.9 * 0.5 * (1.0 + 0.70710678)));
  CHECK(to_tenth.rate(1.0f, 100, 100) == doctest::Approx(0.1));
  CHECK(to_tenth.rate(1.0f, 0, 0) == doctest::Approx(0.1));
}

TEST_CASE("a step schedule multiplies by its factor every so many steps") {
  const Schedule schedule{.decay = StepSchedule{.every = 10, .factor = 0.5f}};
  CHECK(schedule.rate(1.0f, 0, 100) == 1.0f);
  CHECK(schedule.rate(1.0f, 9, 100) == 1.0f);
  CHECK(schedule.rate(1.0f, 10, 100) == 0.5f);
  CHECK(schedule.rate(1.0f, 39, 100) == 0.125f);
}

TEST_CASE("a warm-up rises linearly and then hands the rest of the steps to any schedule") {
  const Schedule constant{.warm_up = 4};
  CHECK(constant.rate(1.0f, 0, 100) == 0.25f);
  CHECK(constant.rate(1.0f, 2, 100) == 0.75f);
  CHECK(constant.rate(1.0f, 3, 100) == 1.0f);
  CHECK(constant.rate(1.0f, 4, 100) == 1.0f);
  const Schedule cosine{.decay = CosineSchedule{}, .warm_up = 20};
  CHECK(cosine.rate(1.0f, 20, 100) == 1.0f);
  CHECK(cosine.rate(1.0f, 60, 100) == doctest::Approx(0.5));
  CHECK(cosine.rate(1.0f, 100, 100) == doctest::Approx(0.0));
  const Schedule step{.decay = StepSchedule{.every = 10, .factor = 0.5f}, .warm_up = 5};
  CHECK(step.rate(1.0f, 14, 100) == 1.0f);
  CHECK(step.rate(1.0f, 15, 100) == 0.5f);
  CHECK(Schedule{.warm_up = 10}.rate(1.0f, 4, 5) == 0.5f);  // longer than the training
}

TEST_CASE("schedules are known by name") {
  for (const char* name : {"constant", "cosine", "step"})
    CHECK(to_string(parse_decay(name)) == name);
  CHECK_THROWS_WITH_AS(parse_decay("linear"),
                       doctest::Contains("expected constant, cosine or step, got 'linear'"),
                       Error);
}

TEST_CASE("schedules refuse numbers that make no sense") {
  CHECK_THROWS_AS(Schedule{}.rate(1.0f, -1, 10), Error);
  CHECK_THROWS_AS(Schedule{}.rate(1.0f, 0, -1), Error);
  CHECK_THROWS_AS(Schedule{.warm_up = -1}.rate(1.0f, 0, 10), Error);
  CHECK_THROWS_WITH_AS((Schedule{.decay = StepSchedule{.every = 0}}.rate(1.0f, 0, 10)),
                       doctest::Contains("every >= 1"),
                       Error);
  CHECK_THROWS_AS((Schedule{.decay = StepSchedule{.every = 1, .factor = 0.0f}}.rate(1.0f, 0, 10)),
                  Error);
  CHECK_THROWS_WITH_AS(
      (Schedule{.decay = CosineSchedule{std::numeric_limits<float>::quiet_NaN()}}.rate(
          1.0f, 0, 10)),
      doctest::Contains("final_fraction"),
      Error);
}

}  // namespace spiketape
