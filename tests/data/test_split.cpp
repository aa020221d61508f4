#include <doctest/doctest.h>

#include <algorithm>

#include "core/error.hpp"
#include "data/split.hpp"

using namespace spiketape;
using doctest::Contains;

TEST_CASE("a validation split has the sizes asked for and holds each sample once") {
  const Split split = split_validation(1000, 0.1);
  CHECK(split.validation.size() == 100);
  CHECK(split.training.size() == 900);
  CHECK(std::is_sorted(split.training.begin(), split.training.end()));
  CHECK(std::is_sorted(split.validation.begin(), split.validation.end()));
  std::vector<std::int64_t> both = split.training;
  both.insert(both.end(), split.validation.begin(), split.validation.end());
  std::sort(both.begin(), both.end());
  CHECK(both == all_samples(1000));
}

TEST_CASE("a validation split is drawn by its seed") {
  CHECK(split_validation(100, 0.2, 1).validation == split_validation(100, 0.2, 1).validation);
  CHECK(split_validation(100, 0.2, 1).validation != split_validation(100, 0.2, 2).validation);
  const auto drawn = split_validation(1000, 0.5).validation;  // from all parts of the set
  CHECK(std::count_if(drawn.begin(), drawn.end(), [](std::int64_t i) { return i < 500; }) > 200);
  CHECK(std::count_if(drawn.begin(), drawn.end(), [](std::int64_t i) { return i < 500; }) < 300);
}

TEST_CASE("no validation keeps all samples, also of a set of one") {
  const Split split = split_validation(1, 0.0);
  CHECK(split.training == std::vector<std::int64_t>{0});
  CHECK(split.validation.empty());
}

TEST_CASE("validation splits that cannot be are errors") {
  CHECK_THROWS_WITH_AS(
      split_validation(10, -0.1), Contains("expected 0 <= fraction < 1, got -0.1"), DataError);
  CHECK_THROWS_AS(split_validation(10, 1.0), DataError);
  CHECK_THROWS_WITH_AS(
      split_validation(0, 0.1), Contains("expected 1 sample or more, got 0"), DataError);
  CHECK_THROWS_WITH_AS(
      split_validation(3, 0.1), Contains("leaves 3 to train and 0 to validate"), DataError);
  CHECK_THROWS_WITH_AS(
      split_validation(3, 0.9), Contains("leaves 0 to train and 3 to validate"), DataError);
}
