#include "apps/progress.hpp"

#include <doctest/doctest.h>

using namespace spiketape::apps;

TEST_CASE("the progress line tells how far, how fast and how well") {
  const std::string line = progress_line("epoch 2/9", 30, 120, 45.0, {0.51234, 0.875, 1.5});
  CHECK(line ==
        "epoch 2/9 [#####...............] 30/120  45.0 batches/s  0:02 left  loss 0.5123  "
        "accuracy 87.5 %  active 1.50 %");
}

TEST_CASE("the progress line of other work tells how far and how fast") {
  CHECK(progress_line("train_nmnist.h5", 250, 1000, 500.0, "recordings") ==
        "train_nmnist.h5 [#####...............] 250/1000  500.0 recordings/s  0:02 left");
}

TEST_CASE("a progress line before the first batch does not know the time left") {
  CHECK(progress_line("e", 0, 10, 0.0, ProgressValues{}).find("? left") != std::string::npos);
  CHECK(progress_line("e", 0, 0, 0.0, ProgressValues{}).find("[####################] 0/0") !=
        std::string::npos);
}

TEST_CASE("times are written as on a clock") {
  CHECK(clock_time(-1.0) == "0:00");
  CHECK(clock_time(0.2) == "0:01");
  CHECK(clock_time(75.0) == "1:15");
  CHECK(clock_time(3700.0) == "1:01:40");
}

TEST_CASE("no bar is due when none is wanted") {
  Progress progress(false);
  progress.begin("epoch", 0, 10);
  CHECK_FALSE(progress.due());
  progress.update(1, ProgressValues{});
  progress.clear();
}
