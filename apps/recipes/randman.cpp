#include <cstdint>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "apps/recipes/registry.hpp"
#include "core/error.hpp"
#include "data/randman.hpp"

namespace spiketape::apps {
namespace {

/// Random smooth manifolds of spike times (Zenke & Vogels 2021): made, not downloaded.
///
/// Data. 10 classes; 100 units fire once each in 100 steps of 1 ms, at times that lie on one smooth
/// random curve for each class. 4,000 samples to train on, a tenth of them held out for validation,
/// and 1,000 others of the same curves to test on.
///
/// Network. 100 inputs, 100 leaky integrate-and-fire neurons of tau 10 ms, and a leaky readout of
/// 10 classes as in the paper.
///
/// Training. As fmnist, with a learning rate of 5e-3 and batches of 128, because the set is small.
class Randman final : public Recipe {
 public:
  Randman() {
    network.hidden = {100};
    train.epochs = 20;
    train.batch = 128;
    train.lr = 5e-3;
  }

  DataSets load() const override {
    if (data_seed_ < 0)
      throw Error(fmt::format("data_seed: expected 0 or more, got {}", data_seed_));
    RandmanData sets = make_randman({.classes = classes_,
                                     .units = units_,
                                     .steps = steps_,
                                     .dimensions = dimensions_,
                                     .alpha = alpha_,
                                     .train_samples = train_samples_,
                                     .test_samples = test_samples_,
                                     .seed = static_cast<std::uint64_t>(data_seed_)});
    return {std::make_unique<EventDataset>(std::move(sets.train)),
            std::make_unique<EventDataset>(std::move(sets.test)),
            {}};
  }

 private:
  Settings data_settings() override {
    return {
        {"classes", &classes_, "number of manifolds"},
        {"units", &units_, "input units"},
        {"steps", &steps_, "steps a sample"},
        {"dimensions", &dimensions_, "of a manifold; more are harder"},
        {"alpha", &alpha_, "smoothness of a manifold; less is harder"},
        {"train_samples", &train_samples_, "samples to train and validate on"},
        {"test_samples", &test_samples_, "samples to test on"},
        {"data_seed", &data_seed_, "of the manifolds and samples"},
    };
  }

  std::int64_t classes_ = 10;
  std::int64_t units_ = 100;
  std::int64_t steps_ = 100;
  std::int64_t dimensions_ = 1;
  double alpha_ = 3.0;
  std::int64_t train_samples_ = 4000;
  std::int64_t test_samples_ = 1000;
  std::int64_t data_seed_ = 0;
};

}  // namespace

std::unique_ptr<Recipe> make_randman_recipe() { return std::make_unique<Randman>(); }

}  // namespace spiketape::apps
