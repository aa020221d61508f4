#include "core/replay.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace spiketape {
namespace {

thread_local Replay* recorded = nullptr;
std::atomic<std::uint64_t> last_id{0};

}  // namespace

Replay::Replay() : id_(++last_id) {}

Replay* Replay::recording() { return recorded; }

Replay::Scope::Scope(Replay* replay) : outer_(std::exchange(recorded, replay)) {}
Replay::Scope::~Scope() { recorded = outer_; }

bool Replay::follows(const void* memory) const {
  return std::any_of(followed_.begin(), followed_.end(), [&](const Range& range) {
    const auto* const first = static_cast<const std::byte*>(range.memory);
    const auto* const at = static_cast<const std::byte*>(memory);
    return !std::less<>{}(at, first) && std::less<>{}(at, first + range.bytes);
  });
}

void require_followed(const void* memory) {
  if (const Replay* const replay = Replay::recording(); replay && !replay->follows(memory))
    throw NotRecordable(
        "data that the host makes within a recorded step would be sent as they were at each "
        "replay");
}

std::uint64_t Replay::follow_counter(const std::shared_ptr<std::uint64_t>& counter) {
  for (const Counter& known : counters_)
    if (known.value == counter) return known.begin;
  counters_.push_back({counter, *counter, 0});
  follow(counter.get(), sizeof *counter);
  return *counter;
}

void Replay::judge(std::function<bool()> holds) {
  if (updated_)
    throw NotRecordable(
        "the step goes on after an optimiser's update; make it the last thing, or call it after "
        "the step");
  judge_last(std::move(holds));
}

void Replay::end() {
  for (const auto& undo : at_end_) undo();
  at_end_.clear();
  for (Counter& counter : counters_) {
    counter.advance = *counter.value - counter.begin;
    *counter.value = counter.begin;
  }
}

bool Replay::fits() const {
  return std::all_of(require_.begin(), require_.end(), [](const auto& fits) { return fits(); });
}

void Replay::check_before() const {
  for (const auto& check : before_) check();
}

bool Replay::conclude() const {
  for (const auto& holds : judge_)
    if (!holds()) return false;
  for (const auto& work : after_) work();
  for (const Counter& counter : counters_) *counter.value += counter.advance;
  return true;
}

}  // namespace spiketape
