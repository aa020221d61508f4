#pragma once

#include <array>
#include <cstddef>
#include <mutex>

#include "cuda/handle.hpp"

namespace spiketape::cuda {

/// Pinned host memory through which bytes go to a card: the caller's memory is free at once, and
/// the copy runs beside the kernels. A ring of blocks that grow as needed; taking one waits until
/// its last copy is done.
class Staging {
 public:
  Staging() = default;
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  /// Copies `bytes` from the host to the card in the order of `stream`; `from` is free on return.
  void upload(void* to, const void* from, std::size_t bytes, cudaStream_t stream);

 private:
  struct Block {
    void* memory = nullptr;
    std::size_t bytes = 0;
    Event copied;
  };
  static constexpr std::size_t kBlocks = 8;

  std::mutex mutex_;
  std::array<Block, kBlocks> blocks_;
  std::size_t next_ = 0;
};

}  // namespace spiketape::cuda
