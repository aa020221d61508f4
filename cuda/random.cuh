#pragma once

#include <Random123/philox.h>

#include <cstdint>

namespace spiketape::cuda {

/// The same number as core/random.hpp's, on the card.
__device__ inline float random_uniform(std::uint64_t seed,
                                       std::uint64_t stream,
                                       std::uint64_t counter) {
  const r123::Philox4x32::ctr_type at = {{static_cast<std::uint32_t>(counter),
                                          static_cast<std::uint32_t>(counter >> 32),
                                          static_cast<std::uint32_t>(stream),
                                          static_cast<std::uint32_t>(stream >> 32)}};
  const r123::Philox4x32::key_type key = {
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  const r123::Philox4x32::ctr_type drawn = r123::Philox4x32{}(at, key);
  return static_cast<float>(drawn.v[0] >> 8) * 0x1p-24f;
}

}  // namespace spiketape::cuda
