#pragma once

#include "autograd/current.hpp"
#include "core/neuron.hpp"
#include "core/spike_tensor.hpp"
#include "core/tensor.hpp"

namespace spiketape {

/// The membrane V of every step, [batch, step, neuron], of the neurons that `current` drove and
/// that answered with `spikes`, as spike(current, model) gives them. Sweeps keep no membrane; this
/// computes it again from the neuron's equations (core/neuron.hpp), own spikes and recurrence
/// included:
///
///     x[0] = 0,   x[t+1] = A x[t] + b (I[t] + S[t] W_recurrent) + r S[t],   V[t] = c . x[t]
///
/// It equals the sweep's membrane but for the rounding of I to float. Dense: for people and tests.
/// The trace is on the CPU, whatever device the rest is on.
/// @throws ShapeError when the model's coefficients do not fit, or the spikes do not have the
/// batch, steps and neurons of the current.
Tensor membrane_trace(const Current& current, const NeuronModel& model, const SpikeTensor& spikes);

}  // namespace spiketape
