// A model of a user's own, trained with the installed library.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <spiketape.hpp>

using namespace spiketape;

namespace {

struct Net : Module {
  Linear fc1{*this, "fc1", 50, 64}, out{*this, "out", 64, 4};
  Lif lif{{.tau = 10e-3, .dt = 1e-3, .threshold = 1.0f, .window = 0.2f}};
  Readout readout{{.tau = 10e-3, .dt = 1e-3, .score = Score::max}};

  Variable forward(const SpikeVariable& x) { return readout(out(lif(fc1(x)))); }
};

double accuracy(Net& net, const EventDataset& data) {
  Loader loader(data, {.batch = 100, .shuffle = false});
  double right = 0;
  for (const Batch& batch : loader) {
    const Variable scores = net.forward(batch.spikes);
    const auto values = scores.value().values();
    const auto classes = static_cast<std::size_t>(scores.value().dim(1));
    for (std::size_t sample = 0; sample < batch.labels.size(); ++sample) {
      const auto* row = &values[sample * classes];
      const auto best = std::max_element(row, row + classes) - row;
      right += best == batch.labels[sample] ? 1 : 0;
    }
  }
  return right / static_cast<double>(data.size());
}

}  // namespace

int main() {
  const RandmanData data = make_randman(
      {.classes = 4, .units = 50, .steps = 50, .train_samples = 800, .test_samples = 200});
  Net net;
  Loader loader(data.train, {.batch = 50, .seed = 1});
  calibrate(net, loader.begin()->spikes, 2.0);
  Adam adam(net.parameters(), {.learning_rate = 5e-3f});
  for (int epoch = 0; epoch < 5; ++epoch) {
    for (const Batch& batch : loader) {
      Tape tape;
      const Variable loss = cross_entropy(net.forward(batch.spikes), batch.labels);
      tape.backward(loss);
      adam.step();
    }
  }
  const double share = accuracy(net, data.test);
  std::printf("test accuracy %.1f %% (chance 25 %%)\n", 100.0 * share);
  return share > 0.5 ? 0 : 1;
}
