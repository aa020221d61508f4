#include "apps/setting_options.hpp"

#include <string>

#include <doctest/doctest.h>
#include <CLI/CLI.hpp>

using namespace spiketape::apps;

namespace {

std::string help_of(const std::string& option) {
  CLI::App app;
  TypedSettings typed;
  add_setting_options(app, typed);
  return app.get_option(option)->get_description();
}

}  // namespace

TEST_CASE("an option's help is one for all recipes, or says what it is in each") {
  CHECK(help_of("--lower-target") == "spikes a sample that every neuron should reach [0.001]");
  CHECK(help_of("--data") ==
        "folder of the four IDX files, plain or .gz (fmnist); folder that holds Train and Test, or "
        "train_nmnist.h5 and test_nmnist.h5 (nmnist); folder that holds shd_train.h5 and "
        "shd_test.h5, or train_shd.h5 ... (shd, spoken-digits); folder that holds ssc_train.h5 and "
        "ssc_test.h5, or train_ssc.h5 ... (ssc)");
}

TEST_CASE("an option's help names the default of each recipe, and of a variant that has another") {
  CHECK(help_of("--window") ==
        "half width of the active window around the threshold; inf = dense [0.2; strong 0.5]");
  CHECK(help_of("--dimensions") == "of a manifold; more are harder [1]");
  const std::string steps = help_of("--steps");
  CAPTURE(steps);
  CHECK(steps.starts_with(
      "steps a sample (randman, fmnist); steps a sample; later events are cut "
      "off (nmnist, shd, ssc, spoken-digits) [randman, fmnist 100; nmnist 300; "));
  CHECK(steps.ends_with("shd, ssc, spoken-digits 500; strong 200]"));
  CHECK(help_of("--variant") == "which defaults the recipe has: paper, strong [paper]");
}
