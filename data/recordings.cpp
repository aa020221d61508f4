#include "data/recordings.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

/// Recordings that are read at once before they join the data set.
constexpr std::int64_t kChunk = 256;
constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;
/// Beside its events, EventDataset keeps where they begin, how many they are, and a label.
constexpr std::int64_t kBytesOfSample = 16;

std::int64_t bytes_held(const Recordings& recordings) {
  return recordings.most_events() * static_cast<std::int64_t>(sizeof(StepEvent)) +
         recordings.size() * kBytesOfSample;
}

}  // namespace

HeldRecordings hold(const Recordings& recordings) {
  HeldRecordings held{EventDataset(recordings.steps(), recordings.neurons(), recordings.classes()),
                      {}};
  std::vector<std::vector<StepEvent>> events;
  for (std::int64_t first = 0; first < recordings.size(); first += kChunk) {
    events.resize(static_cast<std::size_t>(std::min(kChunk, recordings.size() - first)));
    recordings.read(first, events, held.report);
    for (std::size_t i = 0; i < events.size(); ++i)
      held.recordings.append(events[i], recordings.label(first + static_cast<std::int64_t>(i)));
  }
  return held;
}

StreamedDataset::StreamedDataset(std::unique_ptr<const Recordings> recordings)
    : recordings_(std::move(recordings)) {
  check_dataset_sizes("recordings", steps(), neurons(), classes());
}

std::span<const StepEvent> StreamedDataset::events_of(std::int64_t sample,
                                                      std::int64_t /*epoch*/,
                                                      std::vector<StepEvent>& scratch) const {
  BinningReport ignored;
  recordings_->read(sample, std::span(&scratch, 1), ignored);
  return scratch;
}

MemoryBudget::MemoryBudget(std::int64_t mebibytes)
    : left_(mebibytes == 0 ? machine_memory() / 2 : mebibytes * kMebibyte) {
  constexpr std::int64_t kMost = std::int64_t{1} << 42;
  if (mebibytes < 0 || mebibytes > kMost)
    throw DataError(fmt::format(
        "memory_mib: expected MiB of memory for events, or 0 for half of the machine's, got {}",
        mebibytes));
}

bool MemoryBudget::take(std::int64_t bytes) {
  if (bytes > left_) return false;
  left_ -= bytes;
  return true;
}

KeptRecordings keep(std::unique_ptr<const Recordings> recordings, MemoryBudget& budget) {
  const std::int64_t bytes = bytes_held(*recordings);
  if (budget.take(bytes)) {
    HeldRecordings held = hold(*recordings);
    return {std::make_unique<EventDataset>(std::move(held.recordings)), held.report.in_words()};
  }
  std::string remark = fmt::format(
      "{} recordings, up to {} events, streamed: held they could take {} MiB, and {} MiB are left "
      "of memory_mib; events that are cut off or dropped are not counted",
      recordings->size(),
      recordings->most_events(),
      (bytes + kMebibyte - 1) / kMebibyte,
      budget.left() / kMebibyte);
  return {std::make_unique<StreamedDataset>(std::move(recordings)), std::move(remark)};
}

}  // namespace spiketape
