#pragma once

#include "core/kernels/events_by_unit.hpp"
#include "core/spike_tensor.hpp"
#include "core/synapse.hpp"

/// The three verbs of a full projection, event by event (see Synapse). Weights are row-major
/// [inputs, outputs].
namespace spiketape::cpu {

/// current[t, columns] += amplitude * sum of the weight rows of the units that fired at t.
void gather_events(const SpikeTensor& source,
                   const float* weights,
                   std::int64_t outputs,
                   float amplitude,
                   const SampleRows<float>& current);

/// grad[i * stride + j] += amplitude * sum of lambda[t, columns.begin + j] over the events (t, i)
/// of lambda's samples; rows aligned and padded.
void scatter_events(const EventsByUnit& events,
                    const SampleRows<const float>& lambda,
                    float amplitude,
                    float* grad,
                    std::int64_t stride);

/// grad_source[e] += amplitude * weights[i, columns] . lambda[t, columns] for each active entry e =
/// (t, i).
void sample_active(const SpikeTensor& source,
                   const float* weights,
                   std::int64_t outputs,
                   const SampleRows<const float>& lambda,
                   float amplitude,
                   float* grad_source);

}  // namespace spiketape::cpu
