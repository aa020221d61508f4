#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "core/device.hpp"
#include "core/memory.hpp"
#include "core/replay.hpp"

namespace spiketape::cuda {

/// A Replay by a CUDA graph. Arrays that are made and freed within it are nodes of the graph
/// (cudaMallocAsync under capture).
class Recording final : public Replay {
 public:
  explicit Recording(Device device);
  ~Recording() override;

  /// Of this thread; null outside record().
  static Recording* current();

  void record(const std::function<void()>& body) override;
  bool replay() override;
  std::shared_ptr<const void> download_bytes(const void* from, std::size_t bytes) override;

  /// Copies to the card at each replay: what `from` holds then if the host follows() it, else what
  /// it holds now.
  void upload(void* to, const void* from, std::size_t bytes);

  /// What the card has at `from` after the last replay, and `until_then` before the first.
  template <typename T>
  std::shared_ptr<const T> download(const T* from, const T& until_then) {
    return std::static_pointer_cast<const T>(download_bytes(from, &until_then, sizeof(T)));
  }

 private:
  struct Executable;
  std::shared_ptr<void> pinned(std::size_t bytes);
  std::shared_ptr<const void> download_bytes(const void* from,
                                             const void* until_then,
                                             std::size_t bytes);

  struct Refresh {
    std::shared_ptr<void> to;
    const void* from;
    std::size_t bytes;
  };
  Device device_;
  std::vector<std::shared_ptr<void>> constants_;
  std::vector<Refresh> refreshes_;
  std::unique_ptr<Executable> graph_;
  MemoryNeed need_;
};

/// @throws NotRecordable naming `what`, while this thread records.
void refuse_while_recording(const char* what);

}  // namespace spiketape::cuda
