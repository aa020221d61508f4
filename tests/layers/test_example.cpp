// The example of design.md section 6, as a user types it, and a few steps of training.
#include <doctest/doctest.h>

#include <spiketape.hpp>

#include "tests/layers/support.hpp"

using namespace spiketape;

namespace {

struct Net : Module {
  Linear fc1{*this, "fc1", 784, 200}, fc2{*this, "fc2", 200, 200}, out{*this, "out", 200, 10};
  Lif lif{{.tau = 10e-3, .dt = 1e-3, .threshold = 1.0f, .window = 0.2f}};
  Readout readout{{.tau = 10e-3, .dt = 1e-3, .score = Score::max}};

  Variable forward(const SpikeVariable& x) {
    auto s1 = lif(fc1(x));
    auto s2 = lif(fc2(s1));
    return readout(out(s2));  // [batch, class]
  }
};

}  // namespace

TEST_CASE("the example of the design trains after calibration") {
  Net net;
  const Batch batch{testing::random_spikes(20, 20, 784, 0.01f),
                    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9}};
  calibrate(net, batch, 2.0);
  Adam adam(net.parameters(), {.learning_rate = 3e-3f});
  float first = 0.0f;
  float last = 0.0f;
  for (int step = 0; step < 30; ++step) {
    Tape tape;
    Variable loss = cross_entropy(net.forward(batch.spikes), batch.labels);
    tape.backward(loss);
    adam.step();
    (step == 0 ? first : last) = loss.item();
  }
  CHECK(last < 0.75f * first);
  CHECK(silent_layers(net.lif.monitors()).empty());
}
