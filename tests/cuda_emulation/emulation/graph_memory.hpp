#pragma once

#include <cstddef>
#include <memory>

/// The memory of an allocation node: cudaMallocAsync in a capturing stream.
///
/// Its address is reserved from the capture to the end of the graph and its instance, and counts
/// as allocated all the time. It is live from the run of its node until it is freed, by a free node
/// or from outside; at other times it is poisoned under the address sanitizer. All functions expect
/// the mutex of state.hpp to be held.
namespace cuda_emulation {

class GraphMemory {
 public:
  /// Null where device_reserve() is null.
  static std::shared_ptr<GraphMemory> reserve(std::size_t size, std::size_t limit, int card);
  /// Of the node at this address; null when the address is another, or its graph is destroyed.
  static GraphMemory* find(const void* pointer);

  /// As in CUDA, memory that is live when its graph goes stays, as plain memory, until it is freed.
  ~GraphMemory();
  GraphMemory(const GraphMemory&) = delete;
  GraphMemory& operator=(const GraphMemory&) = delete;

  void* pointer() const { return pointer_; }
  bool live() const { return live_; }
  /// Whether the graph has a free node for it; then nothing else may free it.
  bool has_free_node() const { return has_free_node_; }
  void add_free_node() { has_free_node_ = true; }

  /// What the nodes do when they run.
  void allocate();
  void free();

 private:
  explicit GraphMemory(void* pointer);

  void* pointer_;
  bool live_ = false;
  bool has_free_node_ = false;
};

}  // namespace cuda_emulation
