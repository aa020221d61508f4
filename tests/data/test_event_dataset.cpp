#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/memory.hpp"
#include "data/event_dataset.hpp"

using namespace spiketape;
using doctest::Contains;

TEST_CASE("events are sorted by step and keep their order within a step") {
  std::vector<StepEvent> events{{2, 0}, {0, 0}, {2, 1}, {0, 2}, {1, 5}, {0, 2}};
  sort_by_step(events, 3);
  CHECK(events == std::vector<StepEvent>{{0, 0}, {0, 2}, {0, 2}, {1, 5}, {2, 0}, {2, 1}});
  events.clear();
  sort_by_step(events, 1);
  CHECK(events.empty());
}

TEST_CASE("an event data set gives back what was appended, sorted by step and unit") {
  EventDataset dataset(5, 4, 3);
  CHECK(dataset.size() == 0);
  dataset.append(std::vector<StepEvent>{{4, 0}, {1, 3}, {1, 2}, {1, 2}}, 2);
  dataset.append({}, 0);
  dataset.append(std::vector<StepEvent>{{0, 0}}, 1);
  CHECK(dataset.size() == 3);
  CHECK(dataset.event_count() == 5);
  CHECK(dataset.label(0) == 2);
  CHECK(dataset.label(1) == 0);
  std::vector<StepEvent> events;
  dataset.encode(0, events);
  CHECK(events == std::vector<StepEvent>{{1, 2}, {1, 2}, {1, 3}, {4, 0}});
  dataset.encode(1, events);
  CHECK(events.empty());
  dataset.encode(2, events);
  CHECK(events == std::vector<StepEvent>{{0, 0}});
}

TEST_CASE("an event data set of many blocks keeps every sample, also after a move") {
  EventDataset filled(65536, 65536, 1000);
  std::vector<StepEvent> events;
  for (std::int32_t i = 0; i < 300; ++i) {
    events.assign(static_cast<std::size_t>(i) * 17, {65535, static_cast<std::uint16_t>(65535 - i)});
    filled.append(events, i);
  }
  const EventDataset dataset = std::move(filled);
  std::vector<StepEvent> scratch;
  bool same = true;
  for (std::int32_t i = 0; i < 300; ++i) {
    const auto found = dataset.events(i, 0, scratch);
    same = same && dataset.label(i) == i && found.size() == static_cast<std::size_t>(i) * 17;
    for (const StepEvent event : found)
      same = same && event == StepEvent{65535, static_cast<std::uint16_t>(65535 - i)};
  }
  CHECK(same);
}

TEST_CASE("the events of a data set are booked as data and given back") {
  const std::size_t before = memory_use(kCpu, MemoryTag::data).current;
  {
    EventDataset dataset(10, 10, 1);
    dataset.append(std::vector<StepEvent>(10'000), 0);
    CHECK(memory_use(kCpu, MemoryTag::data).current >= before + 40'000);
  }
  CHECK(memory_use(kCpu, MemoryTag::data).current == before);
}

TEST_CASE("events and labels outside the data set are errors that leave it as it was") {
  EventDataset dataset(5, 4, 3);
  dataset.append({}, 0);
  CHECK_THROWS_WITH_AS(
      dataset.append(std::vector<StepEvent>{{0, 0}, {5, 1}}, 0),
      Contains("sample 1, event 1 is (step 5, unit 1); expected step < 5 and unit < 4"),
      DataError);
  CHECK_THROWS_AS(dataset.append(std::vector<StepEvent>{{0, 4}}, 0), DataError);
  CHECK_THROWS_WITH_AS(
      dataset.append({}, 3), Contains("sample 1 has label 3; expected 0 <= label < 3"), DataError);
  CHECK_THROWS_AS(dataset.append({}, -1), DataError);
  CHECK(dataset.size() == 1);
  CHECK(dataset.event_count() == 0);
}

TEST_CASE("sizes of a data set and samples that do not exist are errors") {
  CHECK_THROWS_WITH_AS(
      EventDataset(0, 1, 1), Contains("expected 1 to 65536 steps, got 0"), ShapeError);
  CHECK_THROWS_AS(EventDataset(65537, 1, 1), ShapeError);
  CHECK_THROWS_WITH_AS(
      EventDataset(1, 65537, 1), Contains("expected 1 to 65536 neurons"), ShapeError);
  CHECK_THROWS_WITH_AS(EventDataset(1, 1, 0), Contains("expected 1 class or more"), ShapeError);
  const EventDataset empty(1, 1, 1);
  std::vector<StepEvent> events;
  CHECK_THROWS_WITH_AS(empty.label(0), Contains("label: sample 0 asked for"), DataError);
  CHECK_THROWS_AS(empty.encode(-1, events), DataError);
}
