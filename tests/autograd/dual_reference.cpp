#include "tests/autograd/dual_reference.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/parallel.hpp"

namespace spiketape::test {
namespace {

UnitRows random_rows(std::int64_t rows, std::int64_t neurons, double rate, Random& random) {
  std::vector<std::uint32_t> offsets = {0};
  std::vector<UnitId> units;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < neurons; ++i)
      if (static_cast<double>(random.uniform()) < rate) units.push_back(static_cast<UnitId>(i));
    offsets.push_back(static_cast<std::uint32_t>(units.size()));
  }
  return {std::make_shared<const Buffer<std::uint32_t>>(Buffer<std::uint32_t>::copy_of(offsets)),
          std::make_shared<const Buffer<UnitId>>(Buffer<UnitId>::copy_of(units))};
}

}  // namespace

SpikeTensor random_spikes(std::int64_t batch,
                          std::int64_t steps,
                          std::int64_t neurons,
                          double rate,
                          Random& random,
                          bool with_active) {
  const std::int64_t rows = batch * steps;
  const UnitRows events = random_rows(rows, neurons, rate, random);
  if (!with_active) return {batch, steps, neurons, events};
  const UnitRows active = random_rows(rows, neurons, 2.0 * rate, random);
  std::vector<float> slopes(static_cast<std::size_t>(active.count()));
  for (float& slope : slopes) slope = random.uniform();
  return {batch,
          steps,
          neurons,
          events,
          active,
          std::make_shared<const Buffer<float>>(Buffer<float>::copy_of(slopes))};
}

Tensor random_weight(const Shape& shape, float gain, Random& random) {
  Tensor weight(shape);
  const float scale = gain / std::sqrt(static_cast<float>(weight.dim(0)));
  for (float& w : weight.values()) w = scale * (2.0f * random.uniform() - 1.0f);
  return weight;
}

Current RandomLayer::build(std::uint64_t seed) const {
  Random random(seed, random_stream("random layer"));
  Current current;
  for (int k = 0; k < terms; ++k) {
    const std::int64_t width = inputs + k;
    const SpikeVariable source(
        random_spikes(batch, steps, width, rate, random, true), true, amplitude);
    const Current term =
        Current::from_synapse("fc",
                              source,
                              Variable(random_weight({width, neurons}, gain, random), true),
                              linear_synapse(width, neurons, path));
    current = k == 0 ? term : current + term;
  }
  if (recurrent)
    current =
        current + Current::from_recurrence(
                      "fc", Variable(random_weight({neurons, neurons}, 0.5f * gain, random), true));
  if (bias) {
    Tensor values({neurons});
    for (float& x : values.values()) x = 0.2f * random.uniform();
    current = current + Current::from_bias("fc", Variable(values, true));
  }
  return current;
}

SweepCheckResult check_layer(const RandomLayer& layer, const NeuronModel& model) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Current current = layer.build(seed);
    if (check_sweep_gradient(current, model, {.directions = 0}).margin > 1e-4)
      return check_sweep_gradient(current, model);
  }
  throw std::runtime_error("no seed with a safe margin; make the layer smaller");
}

DualMatrix dual_scores(const DualMatrix& trace, std::int64_t steps, Score score) {
  DualMatrix scores(trace.rows / steps, trace.columns);
  for (std::int64_t b = 0; b < scores.rows; ++b)
    for (std::int64_t j = 0; j < scores.columns; ++j) {
      Dual best = trace.at(b * steps, j);
      Dual sum;
      for (std::int64_t t = 0; t < steps; ++t) {
        const Dual value = trace.at(b * steps + t, j);
        if (value.value > best.value) best = value;
        sum += value;
      }
      Dual& result = scores.at(b, j);
      if (score == Score::max) result = best;
      if (score == Score::sum) result = sum;
      if (score == Score::mean) result = (1.0 / static_cast<double>(steps)) * sum;
      if (score == Score::last) result = trace.at(b * steps + steps - 1, j);
    }
  return scores;
}

DualMatrix dual_count(const DualMatrix& spikes, std::int64_t steps) {
  return dual_scores(spikes, steps, Score::sum);
}

DualMatrix dual_pool(const DualMatrix& spikes, std::span<const UnitId> map, std::int64_t outputs) {
  DualMatrix pooled(spikes.rows, outputs);
  for (std::int64_t row = 0; row < spikes.rows; ++row)
    for (std::int64_t i = 0; i < spikes.columns; ++i)
      pooled.at(row, map[static_cast<std::size_t>(i)]) += spikes.at(row, i);
  return pooled;
}

double gradient_error(std::span<const float> gradient,
                      DualMatrix& parameter,
                      const std::function<Dual()>& loss) {
  if (gradient.size() != parameter.values.size()) return std::numeric_limits<double>::infinity();
  double difference = 0.0;
  double norm = 0.0;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    parameter.values[i].tangent = 1.0;
    const double expected = loss().tangent;
    parameter.values[i].tangent = 0.0;
    difference += std::pow(static_cast<double>(gradient[i]) - expected, 2.0);
    norm += expected * expected;
  }
  return difference == 0.0 ? 0.0
                           : std::sqrt(difference) /
                                 std::max(std::sqrt(norm), std::numeric_limits<double>::min());
}

Dual weighted_sum(const DualMatrix& values, std::span<const float> weights) {
  Dual sum;
  for (std::size_t i = 0; i < values.values.size(); ++i)
    sum += static_cast<double>(weights[i]) * values.values[i];
  return sum;
}

ThreadsScope::ThreadsScope(int threads) : previous_(thread_count()) { set_thread_count(threads); }
ThreadsScope::~ThreadsScope() { set_thread_count(previous_); }

}  // namespace spiketape::test
