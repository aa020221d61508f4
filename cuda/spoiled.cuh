#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace spiketape::cuda {

/// Says on the card that the results of a recorded step are void: an array was too short, or a
/// number is not finite. Who changes what outlives the step asks first. Outside a recording there
/// is none: the host asks before it goes on.
struct Spoiled {
  std::uint32_t* word = nullptr;

  __device__ void set() const {
    if (word != nullptr) atomicOr(word, 1u);
  }
  __device__ bool is_set() const { return word != nullptr && *word != 0; }
};

}  // namespace spiketape::cuda
