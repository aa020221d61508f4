#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "core/sweep.hpp"

namespace spiketape::cuda {

/// What a forward sweep tells about itself.
struct SweepStatus {
  unsigned long long not_finite = ~0ull;  ///< the lowest place_code(); all ones: none
  std::uint64_t spikes = 0;
  std::uint64_t active = 0;
  std::uint32_t spike_chunks = 0;  ///< that its lists wanted, EntryPool::used
  std::uint32_t active_chunks = 0;
};

/// How much room a layer's next sweep should have: an eighth more than its last one needed, a guess
/// at first. A sweep that needs more than it has is repeated with more.
class SweepRoom {
 public:
  /// By what is known of layers of this name and size.
  explicit SweepRoom(const ForwardSweepArguments& arguments);

  const SweepStatus& expected() const { return expected_; }
  std::uint32_t spike_chunks() const { return chunks(expected_.spike_chunks); }
  std::uint32_t active_chunks() const { return chunks(expected_.active_chunks); }
  /// Places for entries, where their number is not known before they are written.
  std::uint64_t spikes() const { return places(expected_.spikes); }
  std::uint64_t active() const { return places(expected_.active); }

  /// Whether lists of this room were long enough.
  bool holds_lists(const SweepStatus& needed) const;
  /// Whether rows of this room were, too.
  bool holds(const SweepStatus& needed) const;
  /// From now on this and later ones go by what a sweep needed; without an active set, by the
  /// active set of one before.
  void learn(const SweepStatus& needed);
  /// Later ones have at least what a sweep needed; for several sweeps of one name within a step.
  void learn_more(const SweepStatus& needed) const;

 private:
  using Key = std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t>;
  std::uint32_t chunks(std::uint32_t expected) const;
  std::uint64_t places(std::uint64_t expected) const;

  Key key_;
  std::uint64_t most_;  ///< entries that there can be, with the last word's lanes behind the layer
  bool want_active_;
  SweepStatus expected_;
};

}  // namespace spiketape::cuda
