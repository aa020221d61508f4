#pragma once

#include "core/buffer.hpp"
#include "core/neuron.hpp"

namespace spiketape {

/// A NeuronModel's coefficients as the vector kernels read them: one after another a (row-major),
/// b, r, c; each one value, or, when any differs between neurons, one per neuron padded with zeros
/// to whole vectors.
struct PackedNeuron {
  PackedNeuron(const NeuronModel& model, std::int64_t neurons);

  int states;
  bool per_neuron;
  bool membrane_is_state;  ///< one state and c = 1: V is the state itself
  std::int64_t width;      ///< values per coefficient: 1, or padded(neurons)
  Buffer<float> values;
  float threshold;
  float window;

  const float* a(int row, int column) const { return at(row * states + column); }
  const float* b(int state) const { return at(states * states + state); }
  const float* r(int state) const { return at(states * (states + 1) + state); }
  const float* c(int state) const { return at(states * (states + 2) + state); }

 private:
  const float* at(int coefficient) const { return values.data() + coefficient * width; }
};

}  // namespace spiketape
