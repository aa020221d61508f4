#include "apps/device_batches.hpp"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "data/event_dataset.hpp"
#include "data/randman.hpp"
#include "tests/data/broken_dataset.hpp"

using namespace spiketape;
using namespace spiketape::apps;

namespace {

bool same_spikes(const SpikeTensor& a, const SpikeTensor& b) {
  const SpikeTensor left = a.to(kCpu);
  const SpikeTensor right = b.to(kCpu);
  return left.shape() == right.shape() &&
         std::ranges::equal(left.event_offsets(), right.event_offsets()) &&
         std::ranges::equal(left.event_units(), right.event_units());
}

EventDataset small_data() {
  return make_randman(
             {.classes = 3, .units = 20, .steps = 10, .train_samples = 25, .test_samples = 3})
      .train;
}

}  // namespace

TEST_CASE("a device gets the loader's batches, in their order and to the last") {
  const EventDataset data = small_data();
  Loader expected(data, {.batch = 10, .seed = 5});
  std::vector<Batch> all;
  for (const Batch& batch : expected) all.push_back(batch);
  REQUIRE(all.size() == 3);
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    Loader loader(data, {.batch = 10, .seed = 5});
    DeviceBatches batches(loader, device);
    for (const Batch& batch : all) {
      const Batch* got = batches.next();
      REQUIRE(got != nullptr);
      CHECK(got->spikes.device() == device);
      CHECK(same_spikes(got->spikes, batch.spikes));
      CHECK(got->labels == batch.labels);
      CHECK(got->index == batch.index);
    }
    CHECK(batches.next() == nullptr);
    CHECK(loader.epoch() == 1);
  }
}

TEST_CASE("a loop that is left early and a loop of one batch end well") {
  const EventDataset data = small_data();
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    Loader loader(data, {.batch = 25});
    { DeviceBatches never_asked(loader, device); }
    {
      DeviceBatches one(loader, device);
      CHECK(one.next()->size() == 25);
      CHECK(one.next() == nullptr);
    }
    loader.set_epoch(2, 1);  // a resumed run may stand at the end of an epoch
    CHECK(DeviceBatches(loader, device).next() == nullptr);
  }
}

TEST_CASE("a batch that cannot be made is an error of the loop on every device") {
  const testing::BrokenDataset data;  // sample 5 cannot be read
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    Loader loader(data, {.batch = 2, .shuffle = false});
    DeviceBatches batches(loader, device);
    const auto to_the_end = [&] {
      while (batches.next() != nullptr) {
      }
    };
    CHECK_THROWS_WITH_AS(to_the_end(), "sample 5 cannot be read", DataError);
  }
}
