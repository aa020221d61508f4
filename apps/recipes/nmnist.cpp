#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "apps/recipes/registry.hpp"
#include "core/error.hpp"
#include "data/nmnist.hpp"

namespace spiketape::apps {
namespace {

/// Neuromorphic-MNIST (Orchard et al. 2015) as in Perez-Nieves & Goodman 2021, section 4.
///
/// Data. 60,000 training and 10,000 test recordings of handwritten digits by an event camera of
/// 34 x 34 pixels, both polarities together; 300 steps of 1 ms. A tenth of the training recordings,
/// drawn at random, is held out for validation.
///
/// Network. 1156-200-200-10 leaky integrate-and-fire neurons, tau 10 ms; a leaky readout of 10 ms
/// whose maximum over time is the score of a class. Uniform initial weights, scaled layer by layer
/// until 1 % of neurons and steps spike, because the paper's start is silent on few recordings, and
/// in the readout until the scores of a sample lie 0.5 apart.
///
/// Training. Cross entropy plus activity regularisers (0.06 above 1 spike, 100 below 1e-3); Adam;
/// fast sigmoid of beta 100 inside a window of 0.2 around the threshold. So that a part of the
/// recordings is enough to learn from: batches of 64 at 1e-3 instead of the paper's 256 at 2e-4,
/// and a dropout of 0.4.
class Nmnist final : public Recipe {
 public:
  Nmnist() {
    network.hidden = {200, 200};
    network.init = "uniform";
    network.dropout = 0.4;
    train.epochs = 60;
    train.batch = 64;
    train.lr = 1e-3;
    train.calibrate = 1.0;
    train.score_spread = 0.5;
  }

  DataSets load() const override {
    if (folder_.empty())
      throw Error(
          "nmnist: --data is missing; give the folder with Train/0/00002.bin ... and Test/... of "
          "N-MNIST (./run download nmnist --to DIR fetches them), or with train_nmnist.h5 and "
          "test_nmnist.h5");
    const NmnistOptions options{
        .binning = {.dt = network.dt, .steps = steps_, .merge_repeats = merges_repeats()},
        .split_polarity = polarity_ == "split",
        .strict = strict_};
    MemoryBudget budget(memory_mib_);
    KeptRecordings train_data = keep(open_nmnist(folder_, "train", options), budget);
    KeptRecordings test_data = keep(open_nmnist(folder_, "test", options), budget);
    return {std::move(train_data.dataset),
            std::move(test_data.dataset),
            {"train: " + train_data.remark, "test: " + test_data.remark}};
  }

  SensorShape sensor() const override { return {kNmnistSide, kNmnistSide}; }
  bool merges_repeats() const override { return repeats_ == "merge"; }

 private:
  Settings data_settings() override {
    return {
        {"data",
         &folder_,
         "folder that holds Train and Test, or train_nmnist.h5 and test_nmnist.h5"},
        {"steps", &steps_, "steps a sample; later events are cut off"},
        {"repeats", &repeats_, "several events of a unit in a step are one", {"merge", "keep"}},
        {"polarity", &polarity_, "ON and OFF events together or apart", {"merged", "split"}},
        {"strict", &strict_, "whether a time that is not finite or below 0 is an error"},
        memory_setting(memory_mib_),
    };
  }

  std::string folder_;
  std::int64_t steps_ = 300;
  std::string repeats_ = "merge";
  std::string polarity_ = "merged";
  bool strict_ = false;
  std::int64_t memory_mib_ = 0;
};

}  // namespace

std::unique_ptr<Recipe> make_nmnist_recipe() { return std::make_unique<Nmnist>(); }

}  // namespace spiketape::apps
