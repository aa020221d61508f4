#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <variant>

#include "core/error.hpp"
#include "core/surrogate.hpp"

using namespace spiketape;

namespace {

double slope(const Surrogate& surrogate, float d) {
  return std::visit([d](const auto& s) { return static_cast<double>(s(d)); }, surrogate);
}

}  // namespace

TEST_CASE("surrogates have the values of their formulas") {
  CHECK(FastSigmoid{100.0f}(0.01f) == doctest::Approx(0.25));
  CHECK(FastSigmoid{100.0f}(-0.03f) == doctest::Approx(1.0 / 16.0));
  CHECK(Triangle{2.0f}(0.25f) == doctest::Approx(0.5));
  CHECK(Triangle{2.0f}(-0.75f) == 0.0f);
  CHECK(Boxcar{4.0f}(0.2f) == 2.0f);
  CHECK(Boxcar{4.0f}(-0.25f) == 0.0f);
  CHECK(ArcTan{2.0f}(0.5f) == doctest::Approx(0.5));
  CHECK(Exponential{5.0f}(-0.2f) == doctest::Approx(std::exp(-1.0)));
}

TEST_CASE("surrogates are even, largest at the threshold and never negative") {
  for (const char* name : {"fast_sigmoid", "triangle", "boxcar", "arctan", "exponential"}) {
    CAPTURE(name);
    const Surrogate surrogate = make_surrogate(name);
    const double top = slope(surrogate, 0.0f);
    CHECK(top > 0.0);
    double previous = top;
    for (int i = 0; i < 60; ++i) {
      const float d = 0.05f * static_cast<float>(i);
      const double value = slope(surrogate, d);
      CHECK(value == slope(surrogate, -d));
      CHECK(value >= 0.0);
      CHECK(value <= previous);
      previous = value;
    }
  }
}

TEST_CASE("a surrogate is made by name, with its own beta or the default") {
  CHECK(std::get<FastSigmoid>(make_surrogate("fast_sigmoid")).beta == 100.0f);
  CHECK(std::get<FastSigmoid>(make_surrogate("fast_sigmoid", 7.0f)).beta == 7.0f);
  CHECK(std::get<Triangle>(make_surrogate("triangle", 0.0f)).beta == Triangle{}.beta);
  CHECK(std::holds_alternative<Boxcar>(make_surrogate("boxcar")));
  CHECK(std::holds_alternative<ArcTan>(make_surrogate("arctan")));
  CHECK(std::holds_alternative<Exponential>(make_surrogate("exponential")));
}

TEST_CASE("a beta that is not above 0 and finite is an error") {
  for (const float beta : {-1.0f, std::numeric_limits<float>::infinity(), std::nanf("")})
    CHECK_THROWS_WITH_AS(
        make_surrogate("triangle", beta), doctest::Contains("expected a beta"), Error);
}

TEST_CASE("an unknown surrogate is an error that lists the known ones") {
  CHECK_THROWS_WITH_AS(make_surrogate("sigmoid"),
                       "surrogate: expected one of fast_sigmoid, triangle, boxcar, arctan, "
                       "exponential, got 'sigmoid'",
                       Error);
}
