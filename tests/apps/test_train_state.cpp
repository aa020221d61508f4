#include "apps/train_state.hpp"

#include <limits>

#include <doctest/doctest.h>

#include "core/error.hpp"

using namespace spiketape;
using namespace spiketape::apps;

TEST_CASE("where a run stands survives a checkpoint, and is refused when no run can stand there") {
  TrainState state;
  state.epoch = 3;
  state.batch = 2;
  state.loss = 0.1;
  state.best_accuracy = std::numeric_limits<double>::quiet_NaN();
  state.activity.resize(2);
  state.activity[1].spikes = 5;
  Checkpoint checkpoint;
  state.save(checkpoint);
  const TrainState loaded = TrainState::load(checkpoint, "a.h5");
  CHECK(loaded.epoch == 3);
  CHECK(loaded.batch == 2);
  CHECK(loaded.loss == 0.1);
  CHECK(loaded.activity[1].spikes == 5);
  for (std::int64_t* position : {&checkpoint.epoch, &checkpoint.batch}) {
    const std::int64_t old = *position;
    *position = -1;
    CHECK_THROWS_WITH_AS(TrainState::load(checkpoint, "a.h5"),
                         doctest::Contains("a.h5: expected epoch and batch of 0 or more"),
                         DataError);
    *position = old;
  }
  checkpoint.attributes["layers"] = std::int64_t{1} << 40;
  CHECK_THROWS_WITH_AS(
      TrainState::load(checkpoint, "a.h5"), doctest::Contains("0 to 1000 layers"), DataError);
}
