#include "cuda/watch.hpp"

#include <cfloat>

#include "cuda/launch.cuh"
#include "cuda/spoiled.cuh"

namespace spiketape::cuda {
namespace {

__global__ void watch_kernel(const float* number, float* copy, Spoiled spoiled) {
  *copy = *number;
  if (!(fabsf(*number) <= FLT_MAX)) spoiled.set();
}

}  // namespace

void watch(const Context& context, const float* number, float* copy, std::uint32_t* spoiled) {
  launch(watch_kernel, {.stream = context.stream()}, number, copy, Spoiled{spoiled});
}

}  // namespace spiketape::cuda
