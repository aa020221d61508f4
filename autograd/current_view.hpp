#pragma once

#include "autograd/current.hpp"
#include "core/sweep.hpp"

namespace spiketape {

/// A Current as the kernels see it. The view borrows from `current`, which must outlive it.
CurrentView view(const Current& current);

/// The gradients that the variables of `current` want; allocates them at first use.
CurrentGradients wanted_gradients(const Current& current);

}  // namespace spiketape
