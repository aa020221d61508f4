#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <utility>

#include "cuda/handle.hpp"

namespace spiketape::cuda {

/// Pinned host memory through which bytes go to a card: the caller's memory is free at once, and
/// the copy runs beside the kernels. Two rings of blocks that grow as needed, so that small copies
/// neither wait for large ones nor grow their blocks; taking a block waits until its last copy is
/// done.
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
  template <std::size_t kBlocks>
  struct Ring {
    std::array<Block, kBlocks> blocks;
    std::size_t next = 0;

    Block& take() { return blocks[std::exchange(next, (next + 1) % kBlocks)]; }
  };
  static constexpr std::size_t kSmall = 64 * 1024;

  std::mutex mutex_;
  Ring<16> small_;  ///< of kSmall bytes each
  Ring<4> large_;
};

}  // namespace spiketape::cuda
