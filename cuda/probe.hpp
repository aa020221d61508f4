#pragma once

#include <cuda_runtime_api.h>

namespace spiketape::cuda {

/// Runs the smallest kernel. @throws BackendError when this build holds no code for the card.
void probe(cudaStream_t stream);

}  // namespace spiketape::cuda
