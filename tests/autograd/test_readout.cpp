#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "autograd/ops.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "tests/autograd/dual_reference.hpp"

using namespace spiketape;
using namespace spiketape::test;

namespace {

constexpr Score kScores[] = {Score::max, Score::sum, Score::mean, Score::last};

/// One input that fires at steps 0 and 2 of 4; weights 2 and -2; decay 0.5: O = 0, 1, 0.5, 1.25 and
/// the negative.
struct TwoClasses {
  Variable weight;
  SpikeVariable source;

  TwoClasses()
      : source(SpikeTensor::from_events(1, 4, 1, std::vector<Event>{{0, 0, 0}, {0, 2, 0}})) {
    const std::vector<float> w = {2, -2};
    weight = Variable(Tensor::from_values({1, 2}, w), true);
  }
  Current current() const {
    return Current::from_synapse("out", source, weight, linear_synapse(1, 2));
  }
};

void check_values(const Variable& got, const std::vector<float>& expected) {
  REQUIRE(got.value().size() == static_cast<std::int64_t>(expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(got.value().values()[i] == expected[i]);
}

/// A random source with active set, weights, bias, and random weights of the scores in the loss.
struct RandomReadout {
  SpikeVariable source;
  Variable weight, bias;
  std::vector<float> upstream;
  std::int64_t steps;

  RandomReadout(std::int64_t batch, std::int64_t step_count, std::int64_t classes, double rate)
      : steps(step_count) {
    Random random(3, static_cast<std::uint64_t>(classes));
    source = SpikeVariable(random_spikes(batch, steps, 9, rate, random, true), true, 1.5f);
    weight = Variable(random_weight({9, classes}, 2.0f, random), true);
    bias = Variable(random_weight({classes}, 0.5f, random), true);
    for (std::int64_t i = 0; i < batch * step_count * classes; ++i)
      upstream.push_back(random.normal());
  }
  Current current(SynapsePath path) const {
    return Current::from_synapse(
               "out", source, weight, linear_synapse(9, weight.value().dim(1), path)) +
           Current::from_bias("out", bias);
  }
  Variable upstream_of(const Shape& shape) const {
    return Variable(Tensor::from_values(
        shape, std::span(upstream).first(static_cast<std::size_t>(element_count(shape)))));
  }
  /// Compares every gradient with dual numbers; `score` turns the dual trace into what `result` is.
  template <typename Finish>
  void check(const Variable& result, Tape& tape, float decay, Finish&& finish) {
    const Variable total = sum(result * upstream_of(result.shape()));
    tape.backward(total);
    DualMatrix s = to_dual(source.value());
    DualMatrix w = to_dual(weight.value());
    DualMatrix b = to_dual(bias.value());
    const auto loss = [&] {
      DualMatrix current(s.rows, w.columns);
      for (std::int64_t row = 0; row < current.rows; ++row)
        for (std::int64_t j = 0; j < current.columns; ++j) current.at(row, j) = b.at(0, j);
      add_projection(s, w, 1.5, current);
      return weighted_sum(finish(dual_readout(current, steps, static_cast<double>(decay))),
                          upstream);
    };
    CHECK(static_cast<double>(total.item()) == doctest::Approx(loss().value).epsilon(1e-5));
    CHECK(gradient_error(weight.grad().values(), w, loss) < 1e-5);
    CHECK(gradient_error(bias.grad().values(), b, loss) < 1e-5);
    // The source's gradient at the active entries, spread densely; elsewhere the reference must not
    // be asked.
    const Tensor spread = source.value().active_to_dense(source.grad().values());
    const std::vector<float> ones(static_cast<std::size_t>(source.value().active_count()), 1.0f);
    const Tensor mask = source.value().active_to_dense(ones);
    double difference = 0.0;
    double norm = 0.0;
    for (std::size_t i = 0; i < s.values.size(); ++i) {
      if (mask.values()[i] == 0.0f) continue;
      s.values[i].tangent = 1.0;
      const double expected = loss().tangent;
      s.values[i].tangent = 0.0;
      difference += std::pow(static_cast<double>(spread.values()[i]) - expected, 2.0);
      norm += expected * expected;
    }
    CHECK(std::sqrt(difference) <= 1e-5 * std::sqrt(norm));
  }
};

}  // namespace

TEST_CASE("a readout integrates with its leak, and record 0 is zero") {
  const TwoClasses net;
  const Variable trace = readout_trace(net.current(), 0.5f);
  CHECK(trace.shape() == Shape{1, 4, 2});
  check_values(trace, {0, 0, 1, -1, 0.5f, -0.5f, 1.25f, -1.25f});
}

TEST_CASE("scores are maximum, sum, mean or last of the trace") {
  const TwoClasses net;
  check_values(readout(net.current(), 0.5f, Score::max), {1.25f, 0});
  check_values(readout(net.current(), 0.5f, Score::sum), {2.75f, -2.75f});
  check_values(readout(net.current(), 0.5f, Score::mean), {0.6875f, -0.6875f});
  check_values(readout(net.current(), 0.5f, Score::last), {1.25f, -1.25f});
  CHECK(readout(net.current(), 0.5f, Score::max).shape() == Shape{1, 2});
}

TEST_CASE("the gradient of a maximum goes to the step that has it, and record 0 passes none") {
  // The maximum of class 0 is record 3: dO/dw = 0.5 * (1 + 0.25). Class 1 peaks at the zero state.
  const TwoClasses net;
  Tape tape;
  tape.backward(sum(readout(net.current(), 0.5f, Score::max)));
  CHECK(net.weight.grad().values()[0] == 0.625f);
  CHECK(net.weight.grad().values()[1] == 0.0f);
}

TEST_CASE("of equal maxima the first one gets the gradient") {
  // Decay 0: O[t+1] = I[t], equal peaks at records 1 and 3; both have the same derivative, so look
  // at the source.
  const SpikeTensor spikes =
      SpikeTensor::from_events(1, 4, 1, std::vector<Event>{{0, 0, 0}, {0, 2, 0}});
  const std::vector<std::uint32_t> offsets = {0, 1, 2, 3, 4};
  const std::vector<UnitId> units = {0, 0, 0, 0};
  const std::vector<float> slopes = {1, 1, 1, 1};
  const SpikeVariable source(
      SpikeTensor(
          1,
          4,
          1,
          spikes.events(),
          {std::make_shared<const Buffer<std::uint32_t>>(Buffer<std::uint32_t>::copy_of(offsets)),
           std::make_shared<const Buffer<UnitId>>(Buffer<UnitId>::copy_of(units))},
          std::make_shared<const Buffer<float>>(Buffer<float>::copy_of(slopes))),
      true);
  const Variable weight(Tensor::full({1, 1}, 3.0f), true);
  Tape tape;
  tape.backward(sum(readout(
      Current::from_synapse("out", source, weight, linear_synapse(1, 1)), 0.0f, Score::max)));
  const std::vector<float> got(source.grad().values().begin(), source.grad().values().end());
  CHECK(got == std::vector<float>{3, 0, 0, 0});
}

TEST_CASE("a readout's gradients are those of dual numbers for every score and path") {
  for (const Score score : kScores)
    for (const SynapsePath path : {SynapsePath::event, SynapsePath::gemm})
      for (const std::int64_t classes : {1, 10, 16, 17}) {
        CAPTURE(to_string(score));
        CAPTURE(to_string(path));
        CAPTURE(classes);
        RandomReadout net(3, 8, classes, 0.2);
        Tape tape;
        const Variable scores = readout(net.current(path), 0.8f, score);
        CHECK(scores.shape() == Shape{3, classes});
        net.check(scores, tape, 0.8f, [&](const DualMatrix& trace) {
          return dual_scores(trace, 8, score);
        });
      }
}

TEST_CASE("a trace's gradients are those of dual numbers") {
  for (const SynapsePath path : {SynapsePath::event, SynapsePath::gemm})
    for (const std::int64_t steps : {1, 2, 9}) {
      CAPTURE(to_string(path));
      CAPTURE(steps);
      RandomReadout net(2, steps, 5, 0.3);
      Tape tape;
      net.check(readout_trace(net.current(path), 0.7f), tape, 0.7f, [](const DualMatrix& trace) {
        return trace;
      });
    }
}

TEST_CASE("a sequence of one step, or without spikes, scores zero") {
  for (const Score score : kScores) {
    CAPTURE(to_string(score));
    RandomReadout one_step(2, 1, 4, 0.9);
    const Variable zero = readout(one_step.current(SynapsePath::automatic), 0.9f, score);
    for (const float x : zero.value().values()) CHECK(x == 0.0f);
    const SpikeVariable silent = SpikeTensor::from_events(2, 5, 3, {});
    const Variable weight(Tensor::full({3, 4}, 1.0f), true);
    Tape tape;
    const Variable scores =
        readout(Current::from_synapse("out", silent, weight, linear_synapse(3, 4)), 0.9f, score);
    tape.backward(sum(scores));
    for (const float x : scores.value().values()) CHECK(x == 0.0f);
    for (const float x : weight.grad().values()) CHECK(x == 0.0f);
  }
}

TEST_CASE("without a tape a readout gives the same scores and records nothing") {
  const RandomReadout net(3, 8, 10, 0.2);
  const Variable without = readout(net.current(SynapsePath::automatic), 0.8f, Score::max);
  const Tape tape;
  const Variable with = readout(net.current(SynapsePath::automatic), 0.8f, Score::max);
  for (std::size_t i = 0; i < 30; ++i)
    CHECK(with.value().values()[i] == without.value().values()[i]);
  CHECK(tape.size() == 1);
  CHECK_FALSE(without.wants_grad());
}

TEST_CASE("scores have names") {
  for (const Score score : kScores) CHECK(parse_score(to_string(score)) == score);
  CHECK_THROWS_WITH_AS(parse_score("median"), doctest::Contains("median"), Error);
}
