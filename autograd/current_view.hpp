#pragma once

#include "autograd/current.hpp"
#include "core/sweep.hpp"

namespace spiketape {

/// A Current as the kernels see it. The view borrows from `current`, which must outlive it.
CurrentView view(const Current& current);

/// The gradients that the variables of `current` want; allocates them at first use.
CurrentGradients wanted_gradients(const Current& current);

/// Multiply-adds of the terms for a batch, forward alone, done by events and done densely.
double event_macs(const Current& current);
double dense_macs(const Current& current);

}  // namespace spiketape
