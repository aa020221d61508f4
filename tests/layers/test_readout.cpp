#include "layers/readout.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "layers/linear.hpp"

namespace spiketape {
namespace {

SpikeVariable one_spike_at_step_one() {
  return SpikeTensor::from_events(1, 4, 1, std::vector<Event>{{0, 1, 0}});
}

}  // namespace

TEST_CASE("the trace of one spike rises one step later and decays; each score reads it its way") {
  Module root;
  const Linear out(root, "out", 1, 1);
  Variable(out.weight()).value().fill(2.0f);
  const double r = std::exp(-0.1);
  const double peak = (1 - r) * 2.0;
  const Tensor trace = Readout().trace(out(one_spike_at_step_one())).value();
  CHECK(trace.shape() == Shape{1, 4, 1});
  CHECK(trace.values()[1] == 0.0f);
  CHECK(trace.values()[2] == doctest::Approx(peak).epsilon(1e-6));
  CHECK(trace.values()[3] == doctest::Approx(r * peak).epsilon(1e-6));
  const auto score = [&](Score kind) {
    return Readout({.score = kind})(out(one_spike_at_step_one())).item();
  };
  CHECK(score(Score::max) == doctest::Approx(peak).epsilon(1e-6));
  CHECK(score(Score::sum) == doctest::Approx((1 + r) * peak).epsilon(1e-6));
  CHECK(score(Score::mean) == doctest::Approx((1 + r) * peak / 4).epsilon(1e-6));
  CHECK(score(Score::last) == doctest::Approx(r * peak).epsilon(1e-6));
}

}  // namespace spiketape
