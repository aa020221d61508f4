#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "core/error.hpp"
#include "data/event_dataset.hpp"
#include "data/loader.hpp"
#include "data/rate.hpp"
#include "data/split.hpp"
#include "tests/data/broken_dataset.hpp"

using namespace spiketape;
using namespace spiketape::testing;
using doctest::Contains;

namespace {

using Samples = std::vector<std::int64_t>;

/// Sample i has label i and fires i times at step 1.
EventDataset numbered(std::int32_t count) {
  EventDataset dataset(3, 2, std::max(count, 1));
  for (std::int32_t i = 0; i < count; ++i)
    dataset.append(std::vector<StepEvent>(static_cast<std::size_t>(i), {1, 1}), i);
  return dataset;
}

/// The labels of one loop, and checks on the way that every batch is whole.
Samples labels_of(Loader& loader) {
  Samples labels;
  for (const Batch& batch : loader) {
    std::int64_t events = 0;
    for (const std::int32_t label : batch.labels) events += label;
    CHECK(batch.spikes.event_count() == events);
    CHECK(batch.spikes.batch() == batch.size());
    labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
  }
  return labels;
}

}  // namespace

TEST_CASE("the batches of an epoch hold every sample once, the last batch what is left") {
  const EventDataset dataset = numbered(10);
  for (const std::int64_t prefetch : {0, 1, 2, 20}) {
    Loader loader(dataset, {.batch = 4, .prefetch = prefetch});
    CHECK(loader.samples() == 10);
    CHECK(loader.batches() == 3);
    Samples sizes;
    Samples indices;
    for (const Batch& batch : loader) {
      sizes.push_back(batch.size());
      indices.push_back(batch.index);
    }
    CHECK(sizes == Samples{4, 4, 2});
    CHECK(indices == Samples{0, 1, 2});
    Samples labels = labels_of(loader);
    CHECK(labels == loader.order(1));
    std::sort(labels.begin(), labels.end());
    CHECK(labels == all_samples(10));
  }
}

TEST_CASE("without shuffling a loader keeps the order given and stays in its epoch") {
  const EventDataset dataset = numbered(10);
  const Samples chosen{7, 2, 9, 2};
  Loader loader(dataset, chosen, {.batch = 3, .shuffle = false});
  CHECK(labels_of(loader) == chosen);
  CHECK(loader.epoch() == 0);
  CHECK(labels_of(loader) == chosen);
}

TEST_CASE("the loader's order is a pure function of seed and epoch, with prefetch and without") {
  const EventDataset dataset = numbered(50);
  Loader first(dataset, {.batch = 8, .seed = 3, .prefetch = 2});
  Loader second(dataset, {.batch = 8, .seed = 3, .prefetch = 0});
  const Samples epoch0 = labels_of(first);
  const Samples epoch1 = labels_of(first);
  CHECK(first.epoch() == 2);
  CHECK(epoch0 != epoch1);
  CHECK(labels_of(second) == epoch0);
  CHECK(labels_of(second) == epoch1);
  second.set_epoch(0);
  CHECK(labels_of(second) == epoch0);
  Loader other(dataset, {.batch = 8, .seed = 4});
  CHECK(labels_of(other) != epoch0);
}

TEST_CASE("a loader resumes at any batch of any epoch as if it had never stopped") {
  const EventDataset dataset = numbered(10);
  Loader loader(dataset, {.batch = 4, .seed = 1});
  const Samples order = loader.order(5);
  for (std::int64_t batch = 0; batch <= 3; ++batch) {
    loader.set_epoch(5, batch);
    const auto skipped = std::min<std::int64_t>(batch * 4, 10);
    CHECK(labels_of(loader) == Samples(order.begin() + skipped, order.end()));
    CHECK(loader.epoch() == 6);
    CHECK(labels_of(loader).size() == 10);
  }
}

TEST_CASE("a loader's loop that leaves early shuts down and repeats its epoch") {
  const EventDataset dataset = numbered(100);
  Loader loader(dataset, {.batch = 5});
  for (int i = 0; i < 20; ++i)
    for (const Batch& batch : loader)
      if (batch.index == i % 4) break;
  CHECK(loader.epoch() == 0);
  CHECK(labels_of(loader) == loader.order(0));
}

TEST_CASE("a loader makes one batch of a set smaller than its batch, and of a single sample") {
  const EventDataset dataset = numbered(3);
  Loader loader(dataset, {.batch = 256});
  CHECK(loader.batches() == 1);
  CHECK(labels_of(loader).size() == 3);
  const EventDataset single = numbered(1);
  Loader of_one(single, {.batch = 1});
  CHECK(labels_of(of_one) == Samples{0});
}

TEST_CASE("an error while the loader makes a batch is thrown where that batch is asked for") {
  const BrokenDataset dataset;
  for (const std::int64_t prefetch : {0, 1, 8}) {
    Loader loader(dataset, {.batch = 2, .shuffle = false, .prefetch = prefetch});
    auto batch = loader.begin();
    CHECK(batch->labels == std::vector<std::int32_t>{0, 1});
    ++batch;
    CHECK(batch->labels == std::vector<std::int32_t>{2, 3});
    CHECK_THROWS_WITH_AS(++batch, "sample 5 cannot be read", DataError);
  }
}

TEST_CASE("a loader of nothing, of samples that do not exist or with bad settings is an error") {
  const EventDataset dataset = numbered(3);
  const EventDataset empty = numbered(0);
  CHECK_THROWS_WITH_AS(
      Loader(empty, LoaderOptions{}), Contains("expected 1 sample or more, got none"), DataError);
  CHECK_THROWS_AS(Loader(dataset, Samples{}), DataError);
  CHECK_THROWS_WITH_AS(Loader(dataset, Samples{0, 3}), Contains("sample 3 asked for"), DataError);
  CHECK_THROWS_AS(Loader(dataset, Samples{-1}), DataError);
  CHECK_THROWS_WITH_AS(
      Loader(dataset, {.batch = 0}), Contains("a batch of 1 sample or more, got 0"), DataError);
  CHECK_THROWS_AS(Loader(dataset, {.prefetch = -1}), DataError);
  Loader loader(dataset, {.batch = 2});
  CHECK_THROWS_WITH_AS(
      loader.set_epoch(0, 3), Contains("cannot start at batch 3 of an epoch of 2"), DataError);
  CHECK_THROWS_AS(loader.set_epoch(0, -1), DataError);
  CHECK_THROWS_AS(loader.set_epoch(-1), DataError);
}
