#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/surrogate.hpp"
#include "core/tensor.hpp"

namespace spiketape {

/// Any neuron whose state is linear between spikes (design section 2): with k = 1..3 state
/// variables x,
///
///     x[t+1] = A x[t] + b I[t] + r S[t],   V[t] = c . x[t],   S[t] = V[t] > threshold,   x[0] = 0.
///
/// A new neuron is these few numbers; forward and backward sweeps follow from them.
struct NeuronModel {
  static constexpr int kMaxStates = 3;

  /// One value for the whole layer, or one per neuron. Double, as the states are: the slope at the
  /// threshold magnifies an error of the membrane 2 beta times, so a decay rounded to float would
  /// show in the fifth digit of every gradient.
  using Coefficient = std::vector<double>;

  int states = 1;
  std::array<std::array<Coefficient, kMaxStates>, kMaxStates> a;  ///< a[row][column]; empty = 0
  std::array<Coefficient, kMaxStates> b;  ///< input of each state; empty = 0
  std::array<Coefficient, kMaxStates> r;  ///< jump of each state by an own spike; empty = 0
  std::array<Coefficient, kMaxStates> c;  ///< membrane from the states; empty = 0
  /// Whether gradient flows through each state's jump `r` (the reset's usually does not, an
  /// adaptation's does).
  std::array<bool, kMaxStates> gradient_through_jump{};

  double threshold = 1.0;
  /// Half width of the active window: a neuron is active where |V - threshold| < window. Infinity =
  /// dense backprop.
  double window = 0.2;
  Surrogate surrogate = FastSigmoid{};

  /// Number of neurons that the coefficients are for, or 0 when every one is for the whole layer.
  std::int64_t width() const;
  /// @throws ShapeError / Error when states is not 1..3, when coefficient sizes differ from 1 or
  /// `neurons`, when a value is not finite, or when window or threshold is not positive.
  void check(std::int64_t neurons) const;
};

/// Leaky integrate-and-fire: a = exp(-dt / tau), reset by subtraction.
NeuronModel lif_model(double decay, double threshold, bool reset_gradient);
/// Current-based LIF: x = (synaptic current, membrane); the current is updated first and drives the
/// membrane in the same step: y' = s y + I, v' = a v + y' - th S, so A = [[s, 0], [s, a]], b = (1,
/// 1).
NeuronModel cuba_lif_model(double synapse_decay,
                           double decay,
                           double threshold,
                           bool reset_gradient);
/// LIF with adaptive threshold: x = (v, q), q' = rho q + S, V = v - kappa q.
NeuronModel adaptive_lif_model(
    double decay, double rho, double kappa, double threshold, bool reset_gradient);

}  // namespace spiketape
