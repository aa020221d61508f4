#pragma once

#include <cstdint>

#include "cuda/context.hpp"

namespace spiketape::cuda {

/// Copies a number within the card; one that is not finite sets `spoiled` (spoiled.cuh).
void watch(const Context& context, const float* number, float* copy, std::uint32_t* spoiled);

}  // namespace spiketape::cuda
