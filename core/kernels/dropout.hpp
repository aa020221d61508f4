#pragma once

#include <cstdint>

#include "core/spike_tensor.hpp"

namespace spiketape {

/// Which places (sample, step, neuron) survive: place p does where random_uniform(seed, call, p) is
/// at least the probability. A pure function, so that backward asks again instead of storing a
/// mask. With `whole_units` a place is (sample, neuron).
struct DropoutMask {
  float probability = 0.0f;
  bool whole_units = false;
  std::uint64_t seed = 0;
  std::uint64_t call = 0;
  const std::uint64_t* earlier_calls = nullptr;  ///< on the device, added to `call`; or null
  std::int64_t steps = 0;
  std::int64_t neurons = 0;
};

struct DropoutForwardArguments {
  const DropoutMask& mask;
  const UnitRows& rows;  ///< the events, or the active set
};

struct DropoutBackwardArguments {
  const DropoutMask& mask;
  const UnitRows& rows;    ///< the active set that came in
  const UnitRows& kept;    ///< what forward left of it
  const float* grad_kept;  ///< one value per kept entry
  float* grad;             ///< one value per entry of `rows`, added to
};

namespace cpu {

/// The entries that survive, row by row in the order in which they came.
UnitRows dropout_forward(const DropoutForwardArguments& arguments);
void dropout_backward(const DropoutBackwardArguments& arguments);

}  // namespace cpu

namespace cuda {

UnitRows dropout_forward(const DropoutForwardArguments& arguments);
void dropout_backward(const DropoutBackwardArguments& arguments);

}  // namespace cuda
}  // namespace spiketape
