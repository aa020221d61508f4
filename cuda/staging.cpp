#include "cuda/staging.hpp"

#include <cstring>

namespace spiketape::cuda {

Staging::~Staging() {
  for (Ring* const ring : {&small_, &large_})
    for (Block& block : ring->blocks)
      if (block.memory != nullptr) cudaFreeHost(block.memory);
}

void Staging::upload(void* to, const void* from, std::size_t bytes, cudaStream_t stream) {
  Ring& ring = bytes <= kSmall ? small_ : large_;
  const std::lock_guard lock(ring.mutex);
  Block& block = ring.blocks[ring.next];
  ring.next = (ring.next + 1) % ring.blocks.size();
  if (!block.copied)
    block.copied = Event::make(&cudaEventCreateWithFlags, unsigned{cudaEventDisableTiming});
  else
    check(cudaEventSynchronize(block.copied.get()));
  if (block.bytes < bytes) {
    if (block.memory != nullptr) check(cudaFreeHost(block.memory));
    block = {nullptr, 0, std::move(block.copied)};
    const std::size_t grown = bytes <= kSmall ? kSmall : bytes + bytes / 4;
    check(cudaMallocHost(&block.memory, grown));
    block.bytes = grown;
  }
  std::memcpy(block.memory, from, bytes);
  check(cudaMemcpyAsync(to, block.memory, bytes, cudaMemcpyHostToDevice, stream));
  check(cudaEventRecord(block.copied.get(), stream));
}

}  // namespace spiketape::cuda
