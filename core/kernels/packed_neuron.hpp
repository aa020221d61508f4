#pragma once

#include "core/buffer.hpp"
#include "core/neuron.hpp"

namespace spiketape {

/// A NeuronModel's coefficients as the vector kernels read them: one after another a (row-major),
/// b, r, c; each one value, or, when any differs between neurons, one per neuron padded with zeros
/// to whole vectors.
template <typename T>
struct PackedNeuron {
  PackedNeuron(const NeuronModel& model, std::int64_t neurons);

  int states;
  bool per_neuron;
  bool membrane_is_state;  ///< one state and c = 1: V is the state itself
  std::int64_t width;      ///< values per coefficient: 1, or padded(neurons)
  Buffer<T> values;
  T threshold;
  T window;

  const T* a(int row, int column) const { return at(row * states + column); }
  const T* b(int state) const { return at(states * states + state); }
  const T* r(int state) const { return at(states * (states + 1) + state); }
  const T* c(int state) const { return at(states * (states + 2) + state); }

 private:
  const T* at(int coefficient) const { return values.data() + coefficient * width; }
};

extern template struct PackedNeuron<float>;
extern template struct PackedNeuron<double>;

}  // namespace spiketape
