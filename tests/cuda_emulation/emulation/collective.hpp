#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "emulation/thread.h"

/// When the threads that wait at collectives may go on, what each is answered, and the words for
/// threads that wait for ever.
namespace cuda_emulation {

struct Waiter {
  enum class State : unsigned char { running, waiting, released, done };
  State state = State::running;
  Collective kind = Collective::syncthreads;
  std::uint32_t mask = 0;
  unsigned source_lane = 0;
  std::uint64_t value = 0;
  std::uint64_t answer = 0;
  Where where{};
};

enum class Release { some, none, all_done };

const char* collective_name(Collective kind);
/// Of a warp's lanes in a mask, rather than of the block.
bool is_of_warp(Collective kind);

/// Answers and releases every complete collective of a block whose threads all wait or are done.
Release release_complete(std::span<Waiter> threads);

/// Of a block of which nothing can be released: who waits where, and for whom.
std::string explain_hang(std::span<const Waiter> threads, dim3 shape);

}  // namespace cuda_emulation
