#pragma once

// The memory that a forward sweep writes before what it found becomes a SpikeTensor.
#include <memory>
#include <optional>
#include <type_traits>

#include "core/buffer.hpp"
#include "cuda/forward_kernel.cuh"
#include "cuda/sweep_room.hpp"

namespace spiketape::cuda {

/// The lists of one kind.
class ListStore {
 public:
  ListStore(const CurrentView& current,
            std::uint32_t chunks,
            std::uint64_t* entries,
            std::uint32_t* used,
            bool with_distances)
      : device_(current.device) {
    const std::int64_t lists = current.batch * words_of(current.neurons);
    const std::int64_t places = std::int64_t{chunks} * kChunk;
    pool_.entries = entries;
    pool_.used = used;
    pool_.chunks = chunks;
    pool_.heads = take(&heads_, lists);
    pool_.next = take(&next_, chunks);
    pool_.lanes = take(&lanes_, places);
    if (with_distances) pool_.distances = take(&distances_, places);
    pool_.counts = take(&counts_, lists * current.steps);
  }

  const EntryPool& pool() const { return pool_; }

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

/// Everything that one sweep writes; `status` is on the card, and fresh.
class SweepStore {
 public:
  SweepStore(const CurrentView& current,
             const SweepRoom& room,
             SweepStatus* status,
             bool want_active) {
    spikes_.emplace(current, room.spike_chunks(), &status->spikes, &status->spike_chunks, false);
    record_.words = words_of(current.neurons);
    record_.spikes = spikes_->pool();
    if (!want_active) return;
    active_.emplace(current, room.active_chunks(), &status->active, &status->active_chunks, true);
    record_.active = active_->pool();
  }

  /// For a sweep whose counts nobody sees before the rows are written: these hold what `room` has.
  void spoil(const Spoiled& spoiled, const SweepRoom& room) {
    record_.spikes.places = room.spikes();
    record_.active.places = room.active();
    record_.spikes.spoiled = record_.active.spoiled = spoiled;
  }

  const SweepRecord& record() const { return record_; }
  /// Frees the spikes' lists, once they are rows.
  void drop_spikes() { spikes_.reset(); }

 private:
  std::optional<ListStore> spikes_;
  std::optional<ListStore> active_;
  SweepRecord record_{};
};

}  // namespace spiketape::cuda
