#pragma once

#include <cstdint>
#include <span>

#include "cuda/recording.hpp"
#include "cuda/spoiled.cuh"
#include "cuda/table.cuh"

namespace spiketape::cuda {

/// What an optimiser's kernel is told anew at each replay of a recorded step; outside a recording
/// nothing, and its arguments hold.
template <typename Number>
struct Live {
  const Number* numbers = nullptr;
  Spoiled spoiled;  ///< set: nothing is updated

  __device__ Number or_else(std::int64_t index, const Number& argument) const {
    return numbers != nullptr ? numbers[index] : argument;
  }
};

template <typename Number>
Live<Number> live_numbers(std::span<const Number> numbers) {
  Recording* const recording = Recording::current();
  if (recording == nullptr) return {};
  return {recording->note_of(numbers), {recording->spoiled()}};
}

}  // namespace spiketape::cuda
