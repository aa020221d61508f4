#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

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
  struct Ring {
    explicit Ring(std::size_t count) : blocks(count) {}

    std::mutex mutex;
    std::vector<Block> blocks;
    std::size_t next = 0;
  };
  static constexpr std::size_t kSmall = 64 * 1024;

  Ring small_{16};  ///< of kSmall bytes each
  Ring large_{4};
};

}  // namespace spiketape::cuda
