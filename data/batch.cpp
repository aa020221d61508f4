#include "data/batch.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include <fmt/format.h>

#include "core/error.hpp"

// A batch is assembled without sorting: events come ordered by step, so "the row of step s ends
// behind the last event of step s" is one store per event, and a running maximum over the rows
// fills the rows without events.

namespace spiketape {
namespace {

/// Whether every step and unit is in range and the steps never fall: what memory safety rests on.
bool is_valid(std::span<const StepEvent> events, std::int64_t steps, std::int64_t neurons) {
  if (events.empty()) return true;
  unsigned falls = 0;
  std::uint16_t largest_unit = 0;
  std::uint16_t previous = 0;
  for (const StepEvent event : events) {
    falls |= static_cast<unsigned>(event.step < previous);
    largest_unit = std::max(largest_unit, event.unit);
    previous = event.step;
  }
  return falls == 0 && previous < steps && largest_unit < neurons;
}

/// Asks for the events of a sample before they are read: shuffled samples lie anywhere in memory,
/// and waiting for them would be half of the work.
void prefetch(std::span<const StepEvent> events) {
  constexpr std::size_t kLine = 64 / sizeof(StepEvent);
  for (std::size_t i = 0; i < events.size(); i += kLine) __builtin_prefetch(&events[i]);
}

/// Appends the events of one sample at `first`: their units, and the ends of its rows.
void fill_sample(std::span<const StepEvent> events,
                 std::uint32_t first,
                 std::span<UnitId> units,
                 std::span<std::uint32_t> row_ends) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    units[i] = events[i].unit;
    row_ends[events[i].step] = first + static_cast<std::uint32_t>(i) + 1;
  }
  std::uint32_t end = first;
  for (std::uint32_t& row_end : row_ends) row_end = end = std::max(end, row_end);
}

}  // namespace

Batch BatchMaker::make(std::span<const std::int64_t> samples, std::int64_t epoch) {
  const std::int64_t steps = dataset_.steps();
  const std::int64_t neurons = dataset_.neurons();
  if (scratch_.size() < samples.size()) scratch_.resize(samples.size());
  events_.resize(samples.size());
  Batch batch;
  batch.epoch = epoch;
  batch.labels.resize(samples.size());
  for (std::size_t b = 0; b < samples.size(); ++b) {
    batch.labels[b] = dataset_.label(samples[b]);
    events_[b] = dataset_.events(samples[b], epoch, scratch_[b]);
  }
  std::size_t total = 0;
  for (std::size_t b = 0; b < samples.size(); ++b) {
    if (b + 1 < samples.size()) prefetch(events_[b + 1]);
    if (!is_valid(events_[b], steps, neurons))
      throw DataError(
          fmt::format("batch: the data set gives sample {} events that are not sorted by step, or "
                      "not all at steps below {} and "
                      "units below {}; correct its events_of()",
                      samples[b],
                      steps,
                      neurons));
    total += events_[b].size();
  }
  if (total > std::numeric_limits<std::uint32_t>::max())
    throw ShapeError(fmt::format(
        "batch: {} samples hold {} events; expected fewer than 2^32, use a smaller batch",
        samples.size(),
        total));

  const auto rows_of_sample = static_cast<std::size_t>(steps);
  auto offsets =
      Buffer<std::uint32_t>::zeros(samples.size() * rows_of_sample + 1, kCpu, MemoryTag::data);
  Buffer<UnitId> units(total, kCpu, MemoryTag::data);
  std::size_t first = 0;
  for (std::size_t b = 0; b < samples.size(); ++b) {
    fill_sample(events_[b],
                static_cast<std::uint32_t>(first),
                units.span().subspan(first, events_[b].size()),
                offsets.span().subspan(b * rows_of_sample + 1, rows_of_sample));
    first += events_[b].size();
  }
  batch.spikes = SpikeTensor(static_cast<std::int64_t>(samples.size()),
                             steps,
                             neurons,
                             {std::make_shared<const Buffer<std::uint32_t>>(std::move(offsets)),
                              std::make_shared<const Buffer<UnitId>>(std::move(units))});
  return batch;
}

Batch make_batch(const Dataset& dataset,
                 std::span<const std::int64_t> samples,
                 std::int64_t epoch) {
  return BatchMaker(dataset).make(samples, epoch);
}

}  // namespace spiketape
