#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/buffer.hpp"
#include "core/device.hpp"
#include "core/memory.hpp"
#include "core/replay.hpp"

namespace spiketape::cuda {

/// A Replay by a CUDA graph. Arrays that are made and freed within it are nodes of the graph
/// (cudaMallocAsync under capture).
///
/// Numbers that a step tells the host, or the host the step, are its notes: one small piece of the
/// card's memory, which goes there in one copy when a replay begins and comes back in one.
class Recording final : public Replay {
 public:
  explicit Recording(Device device);
  ~Recording() override;

  /// Of this thread; null outside record().
  static Recording* current();

  void record(const std::function<void()>& body) override;
  bool replay() override;
  std::shared_ptr<const void> download_bytes(const void* from, std::size_t bytes) override;
  std::shared_ptr<const float> watch(const float* on_card) override;

  /// Copies to the card at each replay: what `from` holds then if the host follows() it, else what
  /// it holds now.
  void upload(void* to, const void* from, std::size_t bytes);

  template <typename T>
  struct Note {
    T* on_card;
    std::shared_ptr<const T> on_host;
  };
  /// A note that each replay begins with `initial` on the card. The host sees what became of it,
  /// and `until_then` before the first replay.
  /// @throws NotRecordable when the notes are full.
  template <typename T>
  Note<T> note(const T& initial, const T& until_then) {
    const std::size_t at = take(sizeof(T));
    *static_cast<T*>(sent_at(at)) = initial;
    *static_cast<T*>(told_at(at)) = until_then;
    return {reinterpret_cast<T*>(notes_.data() + at),
            std::static_pointer_cast<const T>(std::shared_ptr<const void>(told_, told_at(at)))};
  }
  /// A note of what the host has at `values` when a replay begins.
  /// @throws NotRecordable when the notes are full, and unless the host follows() `values`.
  template <typename T>
  const T* note_of(std::span<const T> values) {
    require_followed(values.data());
    const std::size_t at = take(values.size_bytes());
    refreshes_.push_back({sent_at(at), values.data(), values.size_bytes()});
    return reinterpret_cast<const T*>(notes_.data() + at);
  }
  /// The note that says that a replay's results are void (spoiled.cuh).
  std::uint32_t* spoiled() const { return spoiled_.on_card; }

 private:
  struct Executable;
  std::shared_ptr<void> pinned(std::size_t bytes);
  std::size_t take(std::size_t bytes);
  void* sent_at(std::size_t at) const { return static_cast<std::byte*>(sent_.get()) + at; }
  void* told_at(std::size_t at) const { return static_cast<std::byte*>(told_.get()) + at; }
  void judge_spoiled();

  struct Refresh {
    void* to;
    const void* from;
    std::size_t bytes;
  };
  Device device_;
  Buffer<std::byte> notes_;
  std::shared_ptr<void> sent_;  ///< the notes as a replay begins, pinned
  std::shared_ptr<void> told_;  ///< and after it
  std::size_t noted_ = 0;       ///< bytes
  Note<std::uint32_t> spoiled_;
  std::vector<std::shared_ptr<void>> kept_;  ///< pinned memory that copies of the graph use
  std::vector<Refresh> refreshes_;
  std::unique_ptr<Executable> graph_;
  MemoryNeed need_;
};

/// @throws NotRecordable naming `what`, while this thread records.
void refuse_while_recording(const char* what);

}  // namespace spiketape::cuda
