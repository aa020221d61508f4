#pragma once

#include "core/spike_tensor.hpp"
#include "cuda/launch.cuh"

/// Kernels with one block for each sample of a batch, whose entries stand side by side.
namespace spiketape::cuda {

/// The events or the active set of a batch as the block of a sample sees it.
struct SampleEntries {
  const std::uint32_t* offsets;  ///< of the rows
  const UnitId* units;
  std::int64_t steps;
  std::int64_t neurons;

  __device__ std::int64_t begin() const { return offsets[blockIdx.x * steps]; }
  __device__ std::int64_t end() const { return offsets[(blockIdx.x + std::int64_t{1}) * steps]; }
};

inline SampleEntries sample_entries(const SpikeTensor& spikes, const UnitRows& rows) {
  return {rows.offsets->data(),
          rows.units ? rows.units->data() : nullptr,
          spikes.steps(),
          spikes.neurons()};
}

/// One block for each sample.
inline LaunchShape each_sample(const SpikeTensor& spikes,
                               int threads = 256,
                               Place place = Place::current()) {
  return {.grid = static_cast<unsigned>(spikes.batch()),
          .block = static_cast<unsigned>(threads),
          .stream = Context::use(spikes.device()).stream(),
          .place = place};
}

}  // namespace spiketape::cuda
