// The whole of spiketape on one screen: data, a network, training, testing, and a look inside.
// Build and run: ./run build && build/cpu/tour
#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "spiketape.hpp"

using namespace spiketape;

// A network is a struct of layers. Layers with weights have a name, under which they are saved.
struct Net : Module {
  Linear fc1{*this, "fc1", 100, 128}, out{*this, "out", 128, 10};
  Lif lif{{.tau = 10e-3, .dt = 1e-3, .threshold = 1.0f, .window = 0.2f}};
  Readout readout{{.tau = 10e-3, .dt = 1e-3, .score = Score::max}};

  Variable forward(const SpikeVariable& x) {
    SpikeVariable hidden =
        lif(fc1(x));              // [batch, step, neuron]: who fired, and who was close to it
    return readout(out(hidden));  // [batch, class]: the highest value over time
  }
};

// How many samples of a batch have the highest score at their own class.
std::int64_t correct(const Tensor& scores, const Batch& batch) {
  std::int64_t count = 0;
  for (std::size_t b = 0; b < batch.labels.size(); ++b) {
    const auto row = scores.values().subspan(b * 10, 10);
    count += std::max_element(row.begin(), row.end()) - row.begin() == batch.labels[b];
  }
  return count;
}

int main() {
  // Spikes of 100 units in 100 steps; each class is a smooth random curve of spike times.
  const RandmanData data = make_randman({.train_samples = 4000, .test_samples = 1000});
  Loader training(data.train, {.batch = 128, .seed = 1});
  Loader testing(data.test, {.batch = 128, .shuffle = false});

  Net net;
  calibrate(net, training.begin()->spikes, 1.0);  // weights such that about 1 % of steps spike
  Adam adam(net.parameters(), {.learning_rate = 5e-3f});

  for (int epoch = 1; epoch <= 10; ++epoch) {
    net.lif.reset_monitors();
    double loss_sum = 0.0;
    for (const Batch& batch : training) {
      Tape tape;  // from here on, operations are recorded
      Variable loss = cross_entropy(net.forward(batch.spikes), batch.labels);
      tape.backward(loss);  // gradients flow through active neurons only
      adam.step();
      loss_sum += loss.item();
    }
    const Monitor seen = net.lif.monitor();
    fmt::print(
        "epoch {:>2}  loss {:.3f}  spikes {:.2f} %  active {:.2f} %  work {:.1f} % of dense\n",
        epoch,
        loss_sum / static_cast<double>(training.batches()),
        seen.spikes_percent(),
        seen.active_percent(),
        100.0 * seen.macs / seen.dense_macs);
  }

  std::int64_t right = 0;  // without a tape nothing is kept: this is inference
  for (const Batch& batch : testing) right += correct(net.forward(batch.spikes).value(), batch);
  fmt::print("test accuracy {:.1f} %\n", 0.1 * static_cast<double>(right));
}
