#include "emulation/library.hpp"

#include <fmt/format.h>

#include "emulation/state.hpp"

namespace cuda_emulation {

cudaError_t enqueue_library(cudaStream_t stream, std::function<void()> work) {
  return enqueue(stream, [work = std::move(work)] {
    work();
    return cudaSuccess;
  });
}

void require_device_bytes(const void* data, std::size_t bytes, const char* what) {
  const Lock lock;
  require_live_range(data, bytes, what);
}

void require_apart_bytes(const void* in, const void* out, std::size_t bytes, const char* what) {
  require_device_bytes(out, bytes, what);
  const auto from = reinterpret_cast<std::uintptr_t>(in);
  const auto to = reinterpret_cast<std::uintptr_t>(out);
  if (from < to + bytes && to < from + bytes)
    throw EmulationError(fmt::format("{} overlap the input", what));
}

}  // namespace cuda_emulation
