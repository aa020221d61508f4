#include <memory>
#include <string>

#include "apps/recipes/registry.hpp"
#include "core/error.hpp"
#include "data/image_dataset.hpp"

namespace spiketape::apps {
namespace {

/// Fashion-MNIST (Xiao et al. 2017) as in Perez-Nieves & Goodman 2021, section 4.
///
/// Data. 60,000 training and 10,000 test images of 28 x 28 pixels in 10 classes. A pixel of
/// brightness x fires once, at t = floor(tau ln(x / (x - 0.2))) with tau = 20 ms, or never when
/// x < 0.2; 100 steps of 1 ms. A tenth of the training images, drawn at random, is held out for
/// validation.
///
/// Network. 784-200-200-10 leaky integrate-and-fire neurons, tau 10 ms, no recurrence, no bias; a
/// leaky readout of 10 ms whose maximum over time is the score of a class. Normal initial weights
/// of size 20 (1 - a) / sqrt(fan-in).
///
/// Training. Cross entropy plus activity regularisers (0.06 above 1 spike, 100 below 1e-3); Adam,
/// 2e-4, batches of 256; fast sigmoid of beta 100 inside a window of 0.2 around the threshold.
class FashionMnist final : public Recipe {
 public:
  FashionMnist() {
    network.hidden = {200, 200};
    train.epochs = 60;
    train.lr = 2e-4;
  }

  DataSets load() const override {
    if (folder_.empty()) {
      throw Error(
          "fmnist: --data is missing; give the folder with train-images-idx3-ubyte.gz, "
          "train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz "
          "(./run download fmnist --to DIR fetches them)");
    }
    const LatencyEncoder encoder(
        {.tau = encoder_tau_, .dt = network.dt, .threshold = encoder_threshold_, .steps = steps_});
    const ImageFolder images = load_images(folder_);
    return {std::make_unique<EventDataset>(latency_dataset(images.train, encoder)),
            std::make_unique<EventDataset>(latency_dataset(images.test, encoder)),
            {}};
  }

  SensorShape sensor() const override { return {28, 28}; }

 private:
  Settings data_settings() override {
    return {
        {"data", &folder_, "folder of the four IDX files, plain or .gz"},
        {"steps", &steps_, "steps a sample"},
        {"encoder_tau", &encoder_tau_, "time constant of the latency code in seconds"},
        {"encoder_threshold", &encoder_threshold_, "fainter pixels never fire"},
    };
  }

  std::string folder_;
  std::int64_t steps_ = 100;
  double encoder_tau_ = 20e-3;
  double encoder_threshold_ = 0.2;
};

}  // namespace

std::unique_ptr<Recipe> make_fmnist_recipe() { return std::make_unique<FashionMnist>(); }

}  // namespace spiketape::apps
