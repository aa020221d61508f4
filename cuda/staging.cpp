#include "cuda/staging.hpp"

#include <algorithm>
#include <cstring>

namespace spiketape::cuda {

Staging::~Staging() {
  for (Block& block : blocks_)
    if (block.memory != nullptr) cudaFreeHost(block.memory);
}

void Staging::upload(void* to, const void* from, std::size_t bytes, cudaStream_t stream) {
  constexpr std::size_t kLeast = 64 * 1024;
  const std::lock_guard lock(mutex_);
  Block& block = blocks_[next_];
  next_ = (next_ + 1) % kBlocks;
  if (!block.copied)
    block.copied = Event::make(&cudaEventCreateWithFlags, unsigned{cudaEventDisableTiming});
  else
    check(cudaEventSynchronize(block.copied.get()));
  if (block.bytes < bytes) {
    if (block.memory != nullptr) check(cudaFreeHost(block.memory));
    block = {nullptr, 0, std::move(block.copied)};
    const std::size_t grown = std::max(bytes + bytes / 4, kLeast);
    check(cudaMallocHost(&block.memory, grown));
    block.bytes = grown;
  }
  std::memcpy(block.memory, from, bytes);
  check(cudaMemcpyAsync(to, block.memory, bytes, cudaMemcpyHostToDevice, stream));
  check(cudaEventRecord(block.copied.get(), stream));
}

}  // namespace spiketape::cuda
