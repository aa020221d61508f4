#include "emulation/graph_memory.hpp"

#include <map>

#include "emulation/device_memory.hpp"

namespace cuda_emulation {
namespace {

// Never destroyed: objects with static lifetime may hold graphs.
std::map<const void*, GraphMemory*>& nodes() {
  static auto* const instance = new std::map<const void*, GraphMemory*>;
  return *instance;
}

}  // namespace

std::shared_ptr<GraphMemory> GraphMemory::reserve(std::size_t size, std::size_t limit, int card) {
  void* const pointer = device_reserve(size, limit, card);
  return pointer == nullptr ? nullptr : std::shared_ptr<GraphMemory>(new GraphMemory(pointer));
}

GraphMemory* GraphMemory::find(const void* pointer) {
  const auto entry = nodes().find(pointer);
  return entry == nodes().end() ? nullptr : entry->second;
}

GraphMemory::GraphMemory(void* pointer) : pointer_(pointer) { nodes().emplace(pointer, this); }

GraphMemory::~GraphMemory() {
  nodes().erase(pointer_);
  const bool stays = live_ && !has_free_node_;  // else it is live only if a launch failed half way
  if (!stays) device_free(pointer_);
}

void GraphMemory::allocate() {
  device_revive(pointer_);
  live_ = true;
}

void GraphMemory::free() {
  device_retire(pointer_);
  live_ = false;
}

}  // namespace cuda_emulation
