#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "autograd/current.hpp"
#include "autograd/dual_sweep.hpp"
#include "autograd/spiking.hpp"
#include "autograd/sweep_check.hpp"
#include "core/random.hpp"
#include "core/synapse.hpp"

/// Random small layers, and the dual-number reference of what follows a sweep, for the tests of the
/// spiking ops.
namespace spiketape::test {

/// Events at random places. With `with_active`, also a random active set (about twice as dense)
/// with random slopes.
SpikeTensor random_spikes(std::int64_t batch,
                          std::int64_t steps,
                          std::int64_t neurons,
                          double rate,
                          Random& random,
                          bool with_active = false);

/// Uniform in [-gain, gain] / sqrt(first axis).
Tensor random_weight(const Shape& shape, float gain, Random& random);

/// A layer to check: random spikes through random weights.
struct RandomLayer {
  std::int64_t batch = 2;
  std::int64_t steps = 12;
  std::int64_t inputs = 20;
  std::int64_t neurons = 17;
  double rate = 0.15;
  float gain = 4.0f;
  int terms = 1;
  bool recurrent = false;
  bool bias = false;
  float amplitude = 1.0f;
  SynapsePath path = SynapsePath::automatic;

  Current build(std::uint64_t seed) const;
};

/// check_sweep_gradient() of the first seed whose membranes keep 1e-4 from every place where
/// rounding could flip a spike or an active entry. @throws std::runtime_error when none of 400
/// does.
SweepCheckResult check_layer(const RandomLayer& layer, const NeuronModel& model);

/// Scores [batch, class] from a readout's trace [batch * steps, class].
DualMatrix dual_scores(const DualMatrix& trace, std::int64_t steps, Score score);

/// Spikes of each neuron over the sequence: [batch, neuron] from [batch * steps, neuron].
DualMatrix dual_count(const DualMatrix& spikes, std::int64_t steps);

/// Unit i becomes unit map[i] of `outputs`.
DualMatrix dual_pool(const DualMatrix& spikes, std::span<const UnitId> map, std::int64_t outputs);

/// The norm-wise relative error of a gradient against the derivative of `loss` when `parameter`
/// moves along each unit vector in turn: exact per entry, for small parameters.
double gradient_error(std::span<const float> gradient,
                      DualMatrix& parameter,
                      const std::function<Dual()>& loss);

/// Sum of values[i] * weights[i]: a scalar loss in which every value counts.
Dual weighted_sum(const DualMatrix& values, std::span<const float> weights);

/// Puts the number of threads back when it ends.
class ThreadsScope {
 public:
  explicit ThreadsScope(int threads);
  ~ThreadsScope();
  ThreadsScope(const ThreadsScope&) = delete;
  ThreadsScope& operator=(const ThreadsScope&) = delete;

 private:
  int previous_;
};

}  // namespace spiketape::test
