#pragma once

#include <functional>

#include "core/sweep.hpp"

/// What all sweeps share on the way back: taking dL/dI to weights and sources.
namespace spiketape::cpu {

/// Writes lambda = dL/dI of some samples and columns (padding zero).
using FillLambda = std::function<void(const SampleRows<float>& lambda)>;

/// Takes lambda to all wanted gradients. `own_spikes` are the layer's, for the recurrence; null
/// without one. Nothing is summed in an order that depends on threads .
void backpropagate(const CurrentView& current,
                   const SpikeTensor* own_spikes,
                   const FillLambda& fill_lambda,
                   const CurrentGradients& gradients);

}  // namespace spiketape::cpu
