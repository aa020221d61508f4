#pragma once

#include <span>

#include "core/spike_tensor.hpp"
#include "core/tensor.hpp"

namespace spiketape {

struct PoolForwardArguments {
  const UnitRows& rows;         ///< the events, or the active set
  std::span<const UnitId> map;  ///< on the host, one entry per neuron
};

struct PoolBackwardArguments {
  const Tensor& grad_pooled;  ///< one value per active entry
  Tensor& grad;               ///< as many, added to
};

namespace cpu {

/// Each entry in its place, with the unit that its unit is mapped to; shares the offsets.
UnitRows pool_forward(const PoolForwardArguments& arguments);
void pool_backward(const PoolBackwardArguments& arguments);

}  // namespace cpu

namespace cuda {

UnitRows pool_forward(const PoolForwardArguments& arguments);
void pool_backward(const PoolBackwardArguments& arguments);

}  // namespace cuda
}  // namespace spiketape
