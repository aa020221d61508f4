#include "cuda/sweep_room.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "cuda/entry_list.cuh"

namespace spiketape::cuda {
namespace {

/// What the last sweep of each layer needed, by name and size.
struct Notes {
  std::mutex mutex;
  std::map<std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t>, SweepStatus> needed;
};

Notes& notes() {
  static Notes all;
  return all;
}

}  // namespace

SweepRoom::SweepRoom(const ForwardSweepArguments& arguments)
    : key_(std::string(arguments.current.name),
           arguments.current.batch,
           arguments.current.steps,
           arguments.current.neurons),
      want_active_(arguments.want_active) {
  const CurrentView& current = arguments.current;
  const auto lists = static_cast<std::uint64_t>(current.batch * words_of(current.neurons));
  most_ = lists * kChunk * static_cast<std::uint64_t>(current.steps);
  Notes& all = notes();
  const std::lock_guard lock(all.mutex);
  if (const auto known = all.needed.find(key_); known != all.needed.end()) {
    expected_ = known->second;
  } else {
    // One spike in 100 neuron-steps and one active entry in 50; half a chunk of each list is empty.
    expected_.spikes = most_ / 100;
    expected_.active = most_ / 50;
    expected_.spike_chunks = static_cast<std::uint32_t>(expected_.spikes / kChunk + lists);
    expected_.active_chunks = static_cast<std::uint32_t>(expected_.active / kChunk + lists);
  }
  if (std::isinf(arguments.model.window)) {
    expected_.active = most_;
    expected_.active_chunks = static_cast<std::uint32_t>(most_ / kChunk);
  }
}

std::uint32_t SweepRoom::chunks(std::uint32_t expected) const {
  const std::uint64_t room = expected + expected / 8 + 1;
  return static_cast<std::uint32_t>(std::min(room, most_ / kChunk));
}

std::uint64_t SweepRoom::places(std::uint64_t expected) const {
  return std::min(expected + expected / 8 + kChunk, most_);
}

bool SweepRoom::holds_lists(const SweepStatus& needed) const {
  return needed.spike_chunks <= spike_chunks() && needed.active_chunks <= active_chunks();
}

bool SweepRoom::holds(const SweepStatus& needed) const {
  return holds_lists(needed) && needed.spikes <= spikes() && needed.active <= active();
}

void SweepRoom::learn(const SweepStatus& needed) {
  const SweepStatus before = expected_;
  expected_ = needed;
  if (!want_active_) {
    expected_.active = before.active;
    expected_.active_chunks = before.active_chunks;
  }
  Notes& all = notes();
  const std::lock_guard lock(all.mutex);
  all.needed[key_] = expected_;
}

void SweepRoom::learn_more(const SweepStatus& needed) const {
  Notes& all = notes();
  const std::lock_guard lock(all.mutex);
  SweepStatus& note = all.needed[key_];
  note.spikes = std::max(note.spikes, needed.spikes);
  note.active = std::max(note.active, needed.active);
  note.spike_chunks = std::max(note.spike_chunks, needed.spike_chunks);
  note.active_chunks = std::max(note.active_chunks, needed.active_chunks);
}

}  // namespace spiketape::cuda
