#pragma once

#include "core/spike_tensor.hpp"
#include "core/synapse.hpp"

/// The three verbs of a full projection by matrix products of densified steps (see Synapse, and
/// linear_events.hpp for the arguments). Steps are densified in chunks, so that memory stays
/// bounded. Pays when most neurons fire or are active; with window = infinity this is dense
/// backprop through time.
namespace spiketape::cpu {

void gather_gemm(const SpikeTensor& source,
                 const float* weights,
                 std::int64_t outputs,
                 float amplitude,
                 const SampleRows<float>& current);

void scatter_gemm(const SpikeTensor& source,
                  const SampleRows<const float>& lambda,
                  float amplitude,
                  float* grad,
                  std::int64_t stride);

void sample_gemm(const SpikeTensor& source,
                 const float* weights,
                 std::int64_t outputs,
                 const SampleRows<const float>& lambda,
                 float amplitude,
                 float* grad_source);

}  // namespace spiketape::cpu
