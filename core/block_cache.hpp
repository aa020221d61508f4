#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <vector>

namespace spiketape {

/// Freed blocks of memory that wait to be handed out again. Every training step asks for much the
/// same arrays; fetching them anew from the operating system costs more than filling them. Sizes
/// are rounded up by at most a quarter, so that an array which has grown a little fits again.
/// Thread safe. With the address sanitizer nothing is kept, so that use after free is found.
class BlockCache {
 public:
  /// The size of a block for `bytes` bytes, a multiple of 64; exact for blocks that are too large
  /// to be kept.
  static std::size_t block_size(std::size_t bytes);

  /// A block of block_size(bytes), or null when none waits.
  void* take(std::size_t bytes);
  /// Keeps a block of block_size(bytes). False, and the block stays the caller's, when it is large
  /// or enough wait already.
  bool keep(void* block, std::size_t bytes);
  /// Hands over all blocks that wait.
  std::vector<void*> take_all();

 private:
  std::mutex mutex_;
  std::array<std::vector<void*>, 256> waiting_;  ///< by size
  std::size_t kept_ = 0;                         ///< bytes
};

}  // namespace spiketape
