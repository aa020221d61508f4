#include "data/event_dataset.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

constexpr std::size_t kSmallestBlock = std::size_t{1} << 12;  // events
constexpr std::size_t kLargestBlock = std::size_t{1} << 20;

}  // namespace

EventDataset::EventDataset(std::int64_t steps, std::int64_t neurons, std::int64_t classes)
    : steps_(steps), neurons_(neurons), classes_(classes) {
  check_dataset_sizes("event data set", steps, neurons, classes);
}

void EventDataset::check(std::span<const StepEvent> events, std::int32_t label) const {
  if (label < 0 || label >= classes_)
    throw DataError(fmt::format("event data set: sample {} has label {}; expected 0 <= label < {}",
                                size(),
                                label,
                                classes_));
  if (events.size() > std::numeric_limits<std::uint32_t>::max())
    throw DataError(fmt::format("event data set: sample {} has {} events; expected fewer than 2^32",
                                size(),
                                events.size()));
  for (std::size_t i = 0; i < events.size(); ++i)
    if (events[i].step >= steps_ || events[i].unit >= neurons_)
      throw DataError(
          fmt::format("event data set: sample {}, event {} is (step {}, unit {}); expected step < "
                      "{} and unit < {}",
                      size(),
                      i,
                      events[i].step,
                      events[i].unit,
                      steps_,
                      neurons_));
}

void EventDataset::append(std::span<const StepEvent> events, std::int32_t label) {
  check(events, label);
  if (events.size() > free_in_last_ || blocks_.empty()) {
    // Each block is as large as all before it, so small sets stay small and large ones have few
    // blocks.
    const auto wanted =
        std::clamp(static_cast<std::size_t>(event_count_), kSmallestBlock, kLargestBlock);
    Buffer<StepEvent> block(std::max(wanted, events.size()), kCpu, MemoryTag::data);
    free_in_last_ = 0;  // should the next line throw, the last block is merely left as it is
    blocks_.push_back(std::move(block));
    free_in_last_ = blocks_.back().size();
  }
  const auto room = blocks_.back().span().last(free_in_last_).first(events.size());
  samples_.push_back({room.data(), static_cast<std::uint32_t>(events.size()), label});
  std::copy(events.begin(), events.end(), room.begin());
  if (!std::is_sorted(room.begin(), room.end())) std::sort(room.begin(), room.end());
  free_in_last_ -= events.size();
  event_count_ += static_cast<std::int64_t>(events.size());
}

std::int32_t EventDataset::label_of(std::int64_t sample) const {
  return samples_[static_cast<std::size_t>(sample)].label;
}

std::span<const StepEvent> EventDataset::events_of(std::int64_t sample,
                                                   std::int64_t /*epoch*/,
                                                   std::vector<StepEvent>& /*scratch*/) const {
  const Sample& found = samples_[static_cast<std::size_t>(sample)];
  return {found.first, found.count};
}

}  // namespace spiketape
