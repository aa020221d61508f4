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

/// Reads everything once, some recordings at a time: take(recording, events).
template <typename Take>
BinningReport read_all(const Recordings& recordings, Take&& take) {
  BinningReport report;
  std::vector<std::vector<StepEvent>> events;
  for (std::int64_t first = 0; first < recordings.size(); first += kChunk) {
    events.resize(static_cast<std::size_t>(std::min(kChunk, recordings.size() - first)));
    recordings.read(first, events, report);
    for (std::size_t i = 0; i < events.size(); ++i)
      take(first + static_cast<std::int64_t>(i), events[i]);
  }
  return report;
}

}  // namespace

HeldRecordings hold(const Recordings& recordings) {
  EventDataset dataset(recordings.steps(), recordings.neurons(), recordings.classes());
  const BinningReport report =
      read_all(recordings, [&](std::int64_t i, const std::vector<StepEvent>& events) {
        dataset.append(events, recordings.label(i));
      });
  return {std::move(dataset), report};
}

StreamedDataset::StreamedDataset(std::unique_ptr<const Recordings> recordings)
    : recordings_(std::move(recordings)) {
  check_dataset_sizes(
      "recordings", recordings_->steps(), recordings_->neurons(), recordings_->classes());
}

std::span<const StepEvent> StreamedDataset::events_of(std::int64_t sample,
                                                      std::int64_t /*epoch*/,
                                                      std::vector<StepEvent>& scratch) const {
  BinningReport ignored;
  recordings_->read(sample, std::span(&scratch, 1), ignored);
  return scratch;
}

MemoryBudget::MemoryBudget(std::int64_t mebibytes) : left_(machine_memory() / 2) {
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  if (mebibytes < 0 || mebibytes > kMost)
    throw DataError(fmt::format(
        "memory_mib: expected MiB of memory for events, or 0 for half of the machine's, got {}",
        mebibytes));
  if (mebibytes > 0) left_ = mebibytes * kMebibyte;
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
  const BinningReport report = read_all(*recordings, [](std::int64_t, const auto&) {});
  std::string remark =
      fmt::format("{}; streamed: held they could take {} MiB, and {} MiB are left of memory_mib",
                  report.in_words(),
                  (bytes + kMebibyte - 1) / kMebibyte,
                  budget.left() / kMebibyte);
  return {std::make_unique<StreamedDataset>(std::move(recordings)), std::move(remark)};
}

}  // namespace spiketape
