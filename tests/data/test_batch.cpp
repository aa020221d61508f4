#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "core/error.hpp"
#include "core/memory.hpp"
#include "data/batch.hpp"
#include "data/event_dataset.hpp"
#include "tests/data/broken_dataset.hpp"

using namespace spiketape;
using namespace spiketape::testing;
using doctest::Contains;

namespace {

EventDataset three_samples() {
  EventDataset dataset(3, 5, 4);
  dataset.append(std::vector<StepEvent>{{0, 4}, {2, 1}, {2, 1}}, 3);
  dataset.append({}, 0);
  dataset.append(std::vector<StepEvent>{{1, 0}, {1, 2}}, 1);
  return dataset;
}

template <typename T>
std::vector<T> copy(std::span<const T> values) {
  return {values.begin(), values.end()};
}

}  // namespace

TEST_CASE("a batch holds its samples row by row") {
  const EventDataset dataset = three_samples();
  const Batch batch = make_batch(dataset, std::vector<std::int64_t>{2, 1, 0}, 7);
  CHECK(batch.size() == 3);
  CHECK(batch.epoch == 7);
  CHECK(batch.labels == std::vector<std::int32_t>{1, 0, 3});
  CHECK(batch.spikes.shape() == Shape{3, 3, 5});
  CHECK(copy(batch.spikes.event_offsets()) ==
        std::vector<std::uint32_t>{0, 0, 2, 2, 2, 2, 2, 3, 3, 5});
  CHECK(copy(batch.spikes.event_units()) == std::vector<UnitId>{0, 2, 4, 1, 1});
  CHECK(batch.spikes.active_count() == 0);
  batch.spikes.validate();
}

TEST_CASE("a batch equals the spike tensor made from the same events") {
  EventDataset dataset(17, 33, 1);
  std::vector<Event> all;
  for (std::int32_t sample = 0; sample < 9; ++sample) {
    std::vector<StepEvent> events;
    for (std::int32_t k = 0; k < 5 * sample; ++k) {
      const Event event{sample, (k * 7 + sample) % 17, (k * 13) % 33};
      all.push_back(event);
      events.push_back(
          {static_cast<std::uint16_t>(event.step), static_cast<std::uint16_t>(event.neuron)});
    }
    dataset.append(events, 0);
  }
  const Batch batch = make_batch(dataset, std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8});
  const SpikeTensor expected = SpikeTensor::from_events(9, 17, 33, all);
  CHECK(copy(batch.spikes.event_offsets()) == copy(expected.event_offsets()));
  CHECK(copy(batch.spikes.event_units()) == copy(expected.event_units()));
}

TEST_CASE("batches of no samples, of empty samples and of one sample twice are batches") {
  const EventDataset dataset = three_samples();
  BatchMaker maker(dataset);
  CHECK(maker.make(std::vector<std::int64_t>{}).spikes.shape() == Shape{0, 3, 5});
  const Batch silent = maker.make(std::vector<std::int64_t>{1});
  CHECK(silent.spikes.event_count() == 0);
  CHECK(silent.spikes.event_offsets().size() == 4);
  CHECK(maker.make(std::vector<std::int64_t>{0, 0}).spikes.event_count() == 6);
}

TEST_CASE("the arrays of a batch are booked as data") {
  const EventDataset dataset = three_samples();
  const std::size_t before = memory_use(kCpu, MemoryTag::data).current;
  const Batch batch = make_batch(dataset, std::vector<std::int64_t>{0, 2});
  CHECK(memory_use(kCpu, MemoryTag::data).current == before + 7 * 4 + 5 * 2);
}

TEST_CASE("a batch of a sample that does not exist is an error") {
  const EventDataset dataset = three_samples();
  CHECK_THROWS_WITH_AS(
      make_batch(dataset, std::vector<std::int64_t>{0, 3}), Contains("sample 3"), DataError);
}

TEST_CASE("a data set that breaks its promises is caught before it writes out of bounds") {
  const std::vector<std::int64_t> samples{1};
  for (const std::vector<StepEvent>& events : {std::vector<StepEvent>{{4, 0}},
                                               std::vector<StepEvent>{{0, 3}},
                                               std::vector<StepEvent>{{2, 0}, {1, 0}}})
    CHECK_THROWS_WITH_AS(
        make_batch(BrokenDataset(events), samples),
        Contains("gives sample 1 events that are not sorted by step, or not all at steps below 4"),
        DataError);
}
