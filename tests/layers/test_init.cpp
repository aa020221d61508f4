#include "layers/init.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"

namespace spiketape {
namespace {

struct Moments {
  double mean = 0.0;
  double deviation = 0.0;
  float least = 0.0f;
  float most = 0.0f;
};

Moments moments_of(const Variable& variable) {
  Moments found;
  double squares = 0.0;
  for (const float x : variable.value().values()) {
    found.mean += static_cast<double>(x);
    squares += static_cast<double>(x) * static_cast<double>(x);
    found.least = std::fmin(found.least, x);
    found.most = std::fmax(found.most, x);
  }
  const auto n = static_cast<double>(variable.value().size());
  found.mean /= n;
  found.deviation = std::sqrt(squares / n - found.mean * found.mean);
  return found;
}

}  // namespace

TEST_CASE("normal initial weights have mean 0 and deviation gain / sqrt(fan_in)") {
  const Variable weight(Tensor({400, 250}), true);
  normal_by_fan_in(weight, 3.0f, 7, "w");
  const Moments found = moments_of(weight);
  CHECK(found.mean == doctest::Approx(0.0).epsilon(0.002));
  CHECK(found.deviation == doctest::Approx(3.0 / 20.0).epsilon(0.01));
}

TEST_CASE("uniform initial weights fill +-gain / sqrt(fan_in)") {
  const Variable weight(Tensor({100, 300}), true);
  uniform_by_fan_in(weight, 2.0f, 7, "w");
  const Moments found = moments_of(weight);
  CHECK(found.mean == doctest::Approx(0.0).epsilon(0.004));
  CHECK(found.deviation == doctest::Approx(0.2 / std::sqrt(3.0)).epsilon(0.01));
  CHECK(found.least >= -0.2f);
  CHECK(found.most < 0.2f);
  CHECK(found.least < -0.199f);
  CHECK(found.most > 0.199f);
}

TEST_CASE("a weight is a pure function of seed, stream name and index") {
  const Variable weight(Tensor({2, 3}), true);
  normal_by_fan_in(weight, 1.0f, 5, "fc1/weight");
  const float expected = random_normal(5, random_stream("fc1/weight"), 4) / std::sqrt(2.0f);
  CHECK(weight.value().values()[4] == doctest::Approx(expected).epsilon(1e-6));
  const Variable other(Tensor({2, 3}), true);
  normal_by_fan_in(other, 1.0f, 5, "fc2/weight");
  CHECK(other.value().values()[4] != weight.value().values()[4]);
  normal_by_fan_in(other, 1.0f, 6, "fc1/weight");
  CHECK(other.value().values()[4] != weight.value().values()[4]);
}

TEST_CASE("initial weights are the same bits for any number of threads") {
  const int before = thread_count();
  const Variable one(Tensor({70, 90}), true);
  const Variable three(Tensor({70, 90}), true);
  set_thread_count(1);
  normal_by_fan_in(one, 1.0f, 1, "w");
  set_thread_count(3);
  normal_by_fan_in(three, 1.0f, 1, "w");
  set_thread_count(before);
  CHECK(std::equal(
      one.value().values().begin(), one.value().values().end(), three.value().values().begin()));
}

TEST_CASE("fan-in is every axis but the last, and a gain that is no size is refused") {
  CHECK(fan_in(Variable(Tensor({6, 5}))) == 6);
  CHECK(fan_in(Variable(Tensor({3, 3, 2, 8}))) == 18);
  CHECK(fan_in(Variable(Tensor({4}))) == 1);
  CHECK_THROWS_AS(fan_in(Variable(Tensor::scalar(1.0f))), ShapeError);
  CHECK_THROWS_AS(fan_in(Variable(Tensor({0, 3}))), ShapeError);
  const Variable weight(Tensor({2, 2}));
  CHECK_THROWS_WITH_AS(
      normal_by_fan_in(weight, -1.0f, 0, "w"), doctest::Contains("gain must be finite"), Error);
  CHECK_THROWS_AS(uniform_by_fan_in(weight, std::numeric_limits<float>::infinity(), 0, "w"), Error);
}

}  // namespace spiketape
