#pragma once

// What a thread of a kernel sees: its place, and the collectives at which it waits for others.

#include <cstdint>
#include <cstring>

#include "cuda_runtime_api.h"

namespace cuda_emulation {

struct Place {
  uint3 thread_idx, block_idx;
  dim3 block_dim, grid_dim;
};

/// Of the thread that runs now; set by grid.cpp at every switch.
extern Place current_place;

enum class Collective : unsigned char {
  syncthreads,
  syncthreads_or,
  syncthreads_and,
  syncthreads_count,
  syncwarp,
  ballot,
  any,
  all,
  shfl,
  shfl_up,
  shfl_down,
  shfl_xor
};

/// The line of a call, as std::source_location, which clang 14 lacks with GCC's library.
struct Where {
  const char* file = "";
  unsigned line = 0;

  static constexpr Where current(const char* file = __builtin_FILE(),
                                 unsigned line = __builtin_LINE()) {
    return {file, line};
  }
};

/// Waits for the others of the block, or of `mask`, at the same collective, and returns its answer.
std::uint64_t collective(Collective kind,
                         std::uint32_t mask,
                         std::uint64_t value,
                         unsigned source_lane,
                         const Where& where);

/// Which lane a shuffle reads, by the rules of CUDA: `operand` is the lane, delta or lane mask.
/// @throws EmulationError unless width is a power of two up to 32.
unsigned shuffle_source(Collective kind, unsigned operand, int width);

template <typename T>
T shuffle(
    Collective kind, unsigned mask, T value, unsigned operand, int width, const Where& where) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "CUDA shuffles 4 or 8 bytes");
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = collective(kind, mask, bits, shuffle_source(kind, operand, width), where);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

}  // namespace cuda_emulation

inline const uint3& threadIdx = cuda_emulation::current_place.thread_idx;
inline const uint3& blockIdx = cuda_emulation::current_place.block_idx;
inline const dim3& blockDim = cuda_emulation::current_place.block_dim;
inline const dim3& gridDim = cuda_emulation::current_place.grid_dim;
inline constexpr int warpSize = 32;

inline void __syncthreads(cuda_emulation::Where where = cuda_emulation::Where::current()) {
  cuda_emulation::collective(cuda_emulation::Collective::syncthreads, 0, 0, 0, where);
}

inline int __syncthreads_or(int predicate,
                            cuda_emulation::Where where = cuda_emulation::Where::current()) {
  return static_cast<int>(cuda_emulation::collective(
      cuda_emulation::Collective::syncthreads_or, 0, predicate != 0, 0, where));
}

inline int __syncthreads_and(int predicate,
                             cuda_emulation::Where where = cuda_emulation::Where::current()) {
  return static_cast<int>(cuda_emulation::collective(
      cuda_emulation::Collective::syncthreads_and, 0, predicate != 0, 0, where));
}

inline int __syncthreads_count(int predicate,
                               cuda_emulation::Where where = cuda_emulation::Where::current()) {
  return static_cast<int>(cuda_emulation::collective(
      cuda_emulation::Collective::syncthreads_count, 0, predicate != 0, 0, where));
}

inline void __syncwarp(unsigned mask = 0xffffffffu,
                       cuda_emulation::Where where = cuda_emulation::Where::current()) {
  cuda_emulation::collective(cuda_emulation::Collective::syncwarp, mask, 0, 0, where);
}

inline unsigned __ballot_sync(unsigned mask,
                              int predicate,
                              cuda_emulation::Where where = cuda_emulation::Where::current()) {
  return static_cast<unsigned>(cuda_emulation::collective(
      cuda_emulation::Collective::ballot, mask, predicate != 0, 0, where));
}

inline int __any_sync(unsigned mask,
                      int predicate,
                      cuda_emulation::Where where = cuda_emulation::Where::current()) {
  return static_cast<int>(
      cuda_emulation::collective(cuda_emulation::Collective::any, mask, predicate != 0, 0, where));
}

inline int __all_sync(unsigned mask,
                      int predicate,
                      cuda_emulation::Where where = cuda_emulation::Where::current()) {
  return static_cast<int>(
      cuda_emulation::collective(cuda_emulation::Collective::all, mask, predicate != 0, 0, where));
}

template <typename T>
T __shfl_sync(unsigned mask,
              T value,
              int lane,
              int width = 32,
              cuda_emulation::Where where = cuda_emulation::Where::current()) {
  return cuda_emulation::shuffle(
      cuda_emulation::Collective::shfl, mask, value, static_cast<unsigned>(lane), width, where);
}

template <typename T>
T __shfl_up_sync(unsigned mask,
                 T value,
                 unsigned delta,
                 int width = 32,
                 cuda_emulation::Where where = cuda_emulation::Where::current()) {
  return cuda_emulation::shuffle(
      cuda_emulation::Collective::shfl_up, mask, value, delta, width, where);
}

template <typename T>
T __shfl_down_sync(unsigned mask,
                   T value,
                   unsigned delta,
                   int width = 32,
                   cuda_emulation::Where where = cuda_emulation::Where::current()) {
  return cuda_emulation::shuffle(
      cuda_emulation::Collective::shfl_down, mask, value, delta, width, where);
}

template <typename T>
T __shfl_xor_sync(unsigned mask,
                  T value,
                  int lane_mask,
                  int width = 32,
                  cuda_emulation::Where where = cuda_emulation::Where::current()) {
  return cuda_emulation::shuffle(cuda_emulation::Collective::shfl_xor,
                                 mask,
                                 value,
                                 static_cast<unsigned>(lane_mask),
                                 width,
                                 where);
}
