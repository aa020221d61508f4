#pragma once

#include <cstdint>
#include <vector>

#include "core/neuron.hpp"
#include "core/spike_tensor.hpp"
#include "core/tensor.hpp"

/// A second, independent way to the derivative of a spiking layer: forward mode, dense, in double.
/// A dual number carries a value and its derivative along one direction through the same equations
/// as the sweep (design section 1); only the spike differs from calculus: S = step(V - threshold)
/// has the derivative g(V) V' inside the window and 0 outside. Slow and plain by intent: gradients
/// of the sweeps are checked against it (see sweep_check.hpp).
namespace spiketape {

/// value + tangent * e with e^2 = 0.
struct Dual {
  double value = 0.0;
  double tangent = 0.0;

  Dual& operator+=(Dual other) {
    value += other.value;
    tangent += other.tangent;
    return *this;
  }
  friend Dual operator+(Dual a, Dual b) { return a += b; }
  friend Dual operator-(Dual a, Dual b) { return {a.value - b.value, a.tangent - b.tangent}; }
  friend Dual operator*(Dual a, Dual b) {
    return {a.value * b.value, a.tangent * b.value + a.value * b.tangent};
  }
  friend Dual operator*(double a, Dual b) { return {a * b.value, a * b.tangent}; }
};

/// Dual numbers in rows, row-major: weights [input, output], or a sequence [batch * step, neuron].
struct DualMatrix {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<Dual> values;

  DualMatrix() = default;
  /// Zeros.
  DualMatrix(std::int64_t row_count, std::int64_t column_count);
  Dual& at(std::int64_t row, std::int64_t column) {
    return values[static_cast<std::size_t>(row * columns + column)];
  }
  const Dual& at(std::int64_t row, std::int64_t column) const {
    return values[static_cast<std::size_t>(row * columns + column)];
  }
};

/// A dense tensor [rows, columns], or [columns] as one row, with tangent 0. @throws ShapeError for
/// another rank.
DualMatrix to_dual(const Tensor& tensor);
/// Spikes as [batch * steps, neurons] with their multiplicities and tangent 0.
DualMatrix to_dual(const SpikeTensor& spikes);

/// current += amplitude * source @ weight. @throws ShapeError when the sizes do not fit.
void add_projection(const DualMatrix& source,
                    const DualMatrix& weight,
                    double amplitude,
                    DualMatrix& current);

/// What dual_sweep() computes, each [batch * steps, neurons].
struct DualSweep {
  DualMatrix spikes;
  DualMatrix membrane;
};

/// The forward sweep of spike(): `current` is [batch * steps, neurons] without the recurrence;
/// `recurrence`, when not null, is [neurons, neurons]. Gradient passes through the jumps that the
/// model says.
/// @throws ShapeError when the model or the recurrence does not fit the current.
DualSweep dual_sweep(const DualMatrix& current,
                     std::int64_t steps,
                     const NeuronModel& model,
                     const DualMatrix* recurrence = nullptr);

/// The integrators of readout(): O[0] = 0, O[t+1] = decay O[t] + (1 - decay) I[t], shape of
/// `current`.
DualMatrix dual_readout(const DualMatrix& current, std::int64_t steps, double decay);

/// Whether a neuron at this membrane may receive gradient: |V - threshold| < window.
bool is_active(const NeuronModel& model, double membrane);

/// The smallest distance of any membrane to a place where float32 rounding could change what is
/// active or fires: the threshold, the window's edges, the edge of a boxcar. Below about 1e-5 the
/// sweep and this reference may differ.
double rounding_margin(const NeuronModel& model, const DualMatrix& membrane);

}  // namespace spiketape
