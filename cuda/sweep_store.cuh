#pragma once

// The memory that a forward sweep writes before what it found becomes a SpikeTensor.
#include <memory>
#include <optional>
#include <span>
#include <type_traits>

#include "core/buffer.hpp"
#include "cuda/forward_kernel.cuh"
#include "cuda/sweep_room.hpp"

namespace spiketape::cuda {

/// The lists of one kind.
class ListStore {
 public:
  ListStore(const CurrentView& current, std::uint32_t chunks, bool with_distances)
      : device_(current.device) {
    const std::int64_t lists = current.batch * words_of(current.neurons);
    const std::int64_t places = std::int64_t{chunks} * kChunk;
    pool_.chunks = chunks;
    pool_.heads = take(&heads_, lists);
    pool_.next = take(&next_, chunks);
    pool_.lanes = take(&lanes_, places);
    if (with_distances) pool_.distances = take(&distances_, places);
    pool_.counts = take(&counts_, lists * current.steps);
  }

  /// The lists, and where they count.
  EntryPool pool(std::uint64_t* entries, std::uint32_t* used) const {
    EntryPool counting = pool_;
    counting.entries = entries;
    counting.used = used;
    return counting;
  }

 private:
  template <typename T>
  T* take(Buffer<T>* buffer, std::int64_t size) {
    *buffer = Buffer<T>(static_cast<std::size_t>(size), device_, MemoryTag::scratch);
    return buffer->data();
  }

  Device device_;
  EntryPool pool_;
  Buffer<std::uint32_t> heads_;
  Buffer<std::uint32_t> next_;
  Buffer<std::uint8_t> lanes_;
  Buffer<float> distances_;
  Buffer<std::uint8_t> counts_;
};

/// Everything that one sweep writes.
class SweepStore {
 public:
  SweepStore(const CurrentView& current, const SweepRoom& room, bool want_active)
      : status_(Buffer<SweepStatus>::copy_of(
            std::span(&kFresh, 1), MemoryTag::scratch, current.device)) {
    SweepStatus* const status = status_.data();
    spikes_.emplace(current, room.spike_chunks(), false);
    record_.words = words_of(current.neurons);
    record_.spikes = spikes_->pool(&status->spikes, &status->spike_chunks);
    if (!want_active) return;
    active_.emplace(current, room.active_chunks(), true);
    record_.active = active_->pool(&status->active, &status->active_chunks);
  }

  const SweepRecord& record() const { return record_; }
  SweepStatus* status() { return status_.data(); }
  /// Frees the spikes' lists, once they are rows.
  void drop_spikes() { spikes_.reset(); }

 private:
  static constexpr SweepStatus kFresh{};

  Buffer<SweepStatus> status_;
  std::optional<ListStore> spikes_;
  std::optional<ListStore> active_;
  SweepRecord record_{};
};

}  // namespace spiketape::cuda
