#pragma once

#include <cstdint>
#include <span>

#include "autograd/ops.hpp"
#include "autograd/variable.hpp"

/// Losses. Those of dense scores, cross_entropy() and mean_squared_error(), are dense ops
/// (autograd/ops.hpp).
namespace spiketape {

/// Cross entropy whose score per class is that output neuron's number of spikes times `gain`, mean
/// over the batch. Counts are whole numbers, so the gain sets how sharp the softmax is. @throws as
/// cross_entropy() does.
Variable cross_entropy_of_counts(const SpikeVariable& spikes,
                                 std::span<const std::int32_t> labels,
                                 float gain = 1.0f);

/// Mean over batch and neurons of (spikes - target)^2; target counts [batch, neuron].
Variable mean_squared_error_of_counts(const SpikeVariable& spikes, const Tensor& target);

}  // namespace spiketape
