#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "core/error.hpp"
#include "core/spike_tensor.hpp"

using namespace spiketape;

namespace {

template <typename T>
std::shared_ptr<const Buffer<T>> shared(const std::vector<T>& values) {
  return std::make_shared<const Buffer<T>>(Buffer<T>::copy_of(values));
}

UnitRows rows_of(const std::vector<std::uint32_t>& offsets, const std::vector<UnitId>& units) {
  return {shared(offsets), shared(units)};
}

template <typename T>
std::vector<T> list(std::span<const T> values) {
  return {values.begin(), values.end()};
}

}  // namespace

TEST_CASE("events in any order become sorted rows") {
  const std::vector<Event> events = {{1, 2, 3}, {0, 0, 4}, {1, 2, 0}, {0, 2, 1}};
  const SpikeTensor spikes = SpikeTensor::from_events(2, 3, 5, events);
  CHECK(spikes.shape() == Shape{2, 3, 5});
  CHECK(spikes.rows() == 6);
  CHECK(spikes.event_count() == 4);
  CHECK(spikes.active_count() == 0);
  CHECK(list(spikes.event_offsets()) == std::vector<std::uint32_t>{0, 1, 1, 2, 2, 2, 4});
  CHECK(list(spikes.event_units()) == std::vector<UnitId>{4, 1, 0, 3});
  CHECK_NOTHROW(spikes.validate());
}

TEST_CASE("a repeated event is a multiplicity") {
  const std::vector<Event> events = {{0, 1, 2}, {0, 1, 2}, {0, 1, 0}};
  const SpikeTensor spikes = SpikeTensor::from_events(1, 2, 3, events);
  CHECK(spikes.event_count() == 3);
  const std::vector<float> expected = {0, 0, 0, 1, 0, 2};
  CHECK(list<float>(std::as_const(spikes).to_dense().values()) == expected);
}

TEST_CASE("no events, no steps and no samples are all fine") {
  for (const Shape& shape : {Shape{2, 3, 4}, Shape{2, 0, 4}, Shape{0, 3, 4}, Shape{2, 3, 0}}) {
    const SpikeTensor spikes = SpikeTensor::from_events(shape[0], shape[1], shape[2], {});
    CHECK(spikes.event_count() == 0);
    CHECK(spikes.to_dense().shape() == shape);
    CHECK_NOTHROW(spikes.validate());
  }
  const SpikeTensor none;
  CHECK(none.rows() == 0);
  CHECK(none.event_count() == 0);
  CHECK(none.event_offsets().empty());
  CHECK(none.bytes() == 0);
  CHECK_NOTHROW(none.validate());
}

TEST_CASE("the largest unit id that fits is kept, one more neuron is refused") {
  const std::vector<Event> events = {{0, 0, 65535}};
  const SpikeTensor spikes = SpikeTensor::from_events(1, 1, kMaxNeurons, events);
  CHECK(spikes.event_units()[0] == 65535);
  CHECK_THROWS_WITH_AS(
      SpikeTensor::from_events(1, 1, kMaxNeurons + 1, {}), doctest::Contains("65536"), ShapeError);
}

TEST_CASE("an event outside the shape is an error that names it") {
  const auto refuse = [](Event event, const char* words) {
    const std::vector<Event> events = {{0, 0, 0}, event};
    CHECK_THROWS_WITH_AS(
        SpikeTensor::from_events(2, 3, 5, events), doctest::Contains(words), ShapeError);
  };
  refuse({2, 0, 0}, "(sample 2, step 0, neuron 0) lies outside [2, 3, 5]");
  refuse({0, 3, 0}, "step 3");
  refuse({0, 0, 5}, "neuron 5");
  refuse({-1, 0, 0}, "sample -1");
  refuse({0, -1, 0}, "step -1");
  refuse({0, 0, -1}, "neuron -1");
  CHECK_THROWS_AS(SpikeTensor::from_events(-1, 3, 5, {}), ShapeError);
}

TEST_CASE("values of the active set spread over a dense tensor") {
  const SpikeTensor spikes(1, 2, 3, {}, rows_of({0, 1, 3}, {2, 0, 1}), shared<float>({0.5f, 1, 2}));
  CHECK(spikes.active_count() == 3);
  CHECK(list(spikes.slopes()) == std::vector<float>{0.5f, 1, 2});
  const std::vector<float> values = {7, 8, 9};
  const std::vector<float> expected = {0, 0, 7, 8, 9, 0};
  CHECK(list<float>(std::as_const(spikes).active_to_dense(values).values()) == expected);
  const std::vector<float> too_few = {1, 2};
  CHECK_THROWS_WITH_AS(
      spikes.active_to_dense(too_few), doctest::Contains("expected 3 values"), ShapeError);
}

TEST_CASE("arrays whose sizes do not fit together are refused") {
  CHECK_THROWS_WITH_AS(SpikeTensor(1, 2, 3, rows_of({0, 1}, {0})),
                       doctest::Contains("batch * steps + 1 = 3 values, got 2"),
                       ShapeError);
  CHECK_THROWS_WITH_AS(SpikeTensor(1, 2, 3, rows_of({0, 1, 3}, {0, 1})),
                       doctest::Contains("promise 3 unit ids, got 2"),
                       ShapeError);
  CHECK_THROWS_WITH_AS(SpikeTensor(1, 1, 3, {}, rows_of({0, 2}, {0, 1}), shared<float>({1.0f})),
                       doctest::Contains("one slope per active entry (2), got 1"),
                       ShapeError);
}

TEST_CASE("validate names the first row that breaks a rule") {
  const auto refuse = [](const UnitRows& events, const UnitRows& active, const char* words) {
    CHECK_THROWS_WITH_AS(
        SpikeTensor(1, 3, 4, events, active).validate(), doctest::Contains(words), DataError);
  };
  refuse(rows_of({1, 1, 1, 1}, {0}), {}, "start at 0, got 1");
  refuse(rows_of({0, 2, 1, 2}, {0, 1}), {}, "event row 1");
  refuse(rows_of({0, 1, 2, 2}, {0, 4}), {}, "event row 1 holds unit id 4; expected ids below 4");
  refuse({}, rows_of({0, 0, 0, 1}, {9}), "active row 2 holds unit id 9");
  refuse(rows_of({0, 9, 1, 1}, {0}), {}, "event row 0");
}

TEST_CASE("bytes are those of the arrays: 16-bit ids and 32-bit offsets") {
  const SpikeTensor spikes(
      1, 2, 3, rows_of({0, 1, 3}, {2, 0, 1}), rows_of({0, 0, 1}, {2}), shared<float>({1}));
  CHECK(spikes.bytes() == 3 * 4 + 3 * 2 + 3 * 4 + 1 * 2 + 1 * 4);
}
