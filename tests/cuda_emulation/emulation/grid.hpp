#pragma once

#include <functional>
#include <string>

#include "cuda_runtime_api.h"

namespace cuda_emulation {

/// Runs `thread` once for every thread of a grid, block after block, in the order of the settings.
/// The threads of a block are fibers of the calling thread: each runs until it waits at a
/// collective; when all wait or are done, complete collectives are released.
/// @throws EmulationError naming kernel, block and thread when no collective is complete, and what
/// a thread throws. No fiber is left behind.
void run_grid(dim3 grid,
              dim3 block,
              const std::function<void()>& thread,
              const std::function<std::string()>& kernel_name);

}  // namespace cuda_emulation
