#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "apps/recipes/registry.hpp"
#include "core/error.hpp"
#include "data/event_file.hpp"

namespace spiketape::apps {
namespace {

/// Spoken words through a cochlea model, as in Perez-Nieves & Goodman 2021, section 4.
///
/// Data. `shd`: the Spiking Heidelberg Digits (Cramer et al. 2020), 8,156 training and 2,264 test
/// recordings of ten digits in two languages, 20 classes. `spoken-digits`: other recordings in the
/// same layout, ten English digits. `ssc`: the Spiking Speech Commands (Cramer et al. 2020), 75,466
/// and 20,382 recordings of 35 words, with the settings of shd. 700 channels, 500 steps of 2 ms; a
/// tenth of the training recordings is held out for validation (ssc_valid.h5 is not read).
///
/// Network. 700-200-200 leaky integrate-and-fire neurons, tau 10 ms; a leaky readout of 20 ms whose
/// sum over time is the score of a class. Uniform initial weights, scaled layer by layer until 1 %
/// of neurons and steps spike, and in the readout until the scores of a sample lie 1 apart.
///
/// Training. Cross entropy plus activity regularisers (0.06 above 10 spikes, 100 below 1e-3); Adam,
/// 1e-3; fast sigmoid of beta 100 inside a window of 0.2 around the threshold.
///
/// Variant `strong`. What measured best, ingredient by ingredient (docs/data.md). Data: 200 steps
/// of 5 ms, five channels joined, repeats kept; samples are shifted, stretched, jittered and
/// thinned. Network: 300-300 neurons of tau 20 ms with a bias, weak recurrence at the start, and
/// gradient through the reset; the mean of the readout. Training: a box of half width 0.5 as the
/// surrogate, no regulariser, gradients clipped, 3e-3 falling by a cosine to a tenth of it over 100
/// epochs.
class Spoken final : public Recipe {
 public:
  /// `set` is how its files are called.
  Spoken(std::string name, std::string set, std::int64_t classes)
      : name_(std::move(name)), set_(std::move(set)), classes_(classes) {
    network.hidden = {200, 200};
    network.dt = 2e-3;
    network.tau_readout = 20e-3;
    network.score = "sum";
    network.init = "uniform";
    network.upper_target = 10.0;
    train.epochs = 60;
    train.lr = 1e-3;
    train.calibrate = 1.0;
    train.score_spread = 1.0;
  }

  std::vector<std::string> variants() const override { return {"paper", "strong"}; }

  bool merges_repeats() const override { return repeats_ == "merge"; }

  DataSets load() const override {
    if (folder_.empty())
      throw Error(fmt::format(
          "{}: --data is missing; give the folder with {}_train.h5 and {}_test.h5 ({})",
          name_,
          set_,
          set_,
          name_ == "shd" ? "./run download shd --to DIR fetches them" : "in the layout of SHD"));
    const EventFileOptions options{
        .binning = {.dt = network.dt, .steps = steps_, .merge_repeats = merges_repeats()},
        .coarsen = coarsen_,
        .classes = classes_,
        .strict = strict_};
    const std::filesystem::path folder(folder_);
    MemoryBudget budget(memory_mib_);
    const auto keep_part = [&](std::string_view part) {
      return keep(
          std::make_unique<EventFileRecordings>(find_event_file(folder, set_, part), options),
          budget);
    };
    KeptRecordings train_data = keep_part("train");
    KeptRecordings test_data = keep_part("test");
    return {std::move(train_data.dataset),
            std::move(test_data.dataset),
            {"train: " + train_data.remark, "test: " + test_data.remark}};
  }

 private:
  void set_variant(const std::string& name) override {
    if (name != "strong") return;
    steps_ = 200;
    coarsen_ = 5;
    repeats_ = "keep";
    augment.shift = 4;
    augment.stretch = 0.1;
    augment.jitter = 4e-3;
    augment.drop = 0.1;
    network.dt = 5e-3;
    network.hidden = {300, 300};
    network.tau = 20e-3;
    network.recurrent = true;
    network.recurrent_gain = 0.05;
    network.bias = true;
    network.reset_gradient = true;
    network.score = "mean";
    network.window = 0.5;
    network.surrogate = "boxcar";
    network.beta = 1.0;
    network.upper = 0.0;
    network.lower = 0.0;
    train.calibrate = 5.0;
    train.epochs = 100;
    train.batch = 64;
    train.lr = 3e-3;
    train.schedule = "cosine";
    train.clip = 1.0;
  }

  Settings data_settings() override {
    return {
        {"data",
         &folder_,
         fmt::format(
             "folder that holds {}_train.h5 and {}_test.h5, or train_{}.h5 ...", set_, set_, set_)},
        {"steps", &steps_, "steps a sample; later events are cut off"},
        {"repeats", &repeats_, "several events of a unit in a step are one", {"merge", "keep"}},
        {"coarsen", &coarsen_, "neighbouring channels that are joined; 5 makes 140 of 700"},
        {"strict", &strict_, "whether a time that is not finite or below 0 is an error"},
        memory_setting(memory_mib_),
    };
  }

  std::string name_;
  std::string set_;
  std::int64_t classes_;
  std::string folder_;
  std::int64_t steps_ = 500;
  std::string repeats_ = "merge";
  std::int64_t coarsen_ = 1;
  bool strict_ = false;
  std::int64_t memory_mib_ = 0;
};

}  // namespace

std::unique_ptr<Recipe> make_shd_recipe() { return std::make_unique<Spoken>("shd", "shd", 20); }
std::unique_ptr<Recipe> make_ssc_recipe() { return std::make_unique<Spoken>("ssc", "ssc", 35); }
std::unique_ptr<Recipe> make_spoken_digits_recipe() {
  return std::make_unique<Spoken>("spoken-digits", "shd", 10);
}

}  // namespace spiketape::apps
