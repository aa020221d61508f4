#pragma once

#include <memory>

#include "autograd/current.hpp"
#include "autograd/monitor.hpp"
#include "core/spike_tensor.hpp"

/// What the sweeps of a layer add to its Monitor: at once, or, in a step that a card records, after
/// each replay, when the counts are known.
namespace spiketape {

void count_forward(const std::shared_ptr<Monitor>& monitor,
                   const Current& current,
                   const SpikeTensor& spikes);
void count_backward(const std::shared_ptr<Monitor>& monitor,
                    const Current& current,
                    const SpikeTensor& spikes);

}  // namespace spiketape
