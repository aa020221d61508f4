#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "tests/autograd/dual_reference.hpp"

using namespace spiketape;
using namespace spiketape::test;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Three samples of six steps, 4 inputs, `neurons` neurons; input 2 fires once, in sample 1 at
/// step 3.
struct Net {
  Variable weight;
  SpikeVariable source;
  std::int64_t neurons;

  explicit Net(std::int64_t width)
      : weight(Tensor({4, width}), true),
        source(SpikeTensor::from_events(
            3, 6, 4, std::vector<Event>{{0, 0, 0}, {1, 3, 2}, {2, 1, 0}, {2, 4, 1}})),
        neurons(width) {}
  void spoil(std::int64_t input, std::int64_t neuron, float value) {
    weight.value().data()[input * neurons + neuron] = value;
  }
  Current current(SynapsePath path = SynapsePath::automatic) const {
    return Current::from_synapse("fc1", source, weight, linear_synapse(4, neurons, path));
  }
};

/// The message of the NumericError that `run` throws, or "" when it throws none.
template <typename Run>
std::string numeric_error(Run&& run) {
  try {
    run();
  } catch (const NumericError& error) {
    return error.what();
  }
  return "";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const NeuronModel kLif = lif_model(0.9, 1.0, false);

}  // namespace

TEST_CASE("a weight that is NaN or infinite names layer, sample, step and neuron") {
  for (const std::int64_t neurons : {1, 17, 230})
    for (const float bad : {kNan, kInfinity, -kInfinity})
      for (const SynapsePath path : {SynapsePath::event, SynapsePath::gemm})
        for (const bool with_tape : {false, true}) {
          CAPTURE(neurons);
          CAPTURE(bad);
          CAPTURE(to_string(path));
          Net net(neurons);
          net.spoil(2, neurons - 1, bad);
          const std::string message = numeric_error([&] {
            if (with_tape) {
              const Tape tape;
              spike(net.current(path), kLif);
            } else {
              spike(net.current(path), kLif);
            }
          });
          CAPTURE(message);
          CHECK(has(message, "fc1"));
          // A matrix product meets a bad weight whether its input fires or not: 0 * NaN is NaN.
          const bool by_event = path == SynapsePath::event;
          CHECK(has(message, by_event ? "sample 1" : "sample 0"));
          CHECK(has(message, by_event ? "step 4" : "step 1"));
          CHECK(has(message, "neuron " + std::to_string(neurons - 1)));
        }
}

TEST_CASE("a bad weight behind an input that never fires does no harm on the event path") {
  Net net(17);
  net.spoil(3, 5, kNan);
  CHECK(numeric_error([&] { spike(net.current(SynapsePath::event), kLif); }).empty());
}

TEST_CASE("a bias or a recurrent weight that is not finite is found") {
  Net net(17);
  for (float& w : net.weight.value().values()) w = 2.0f;
  Tensor bias({17});
  bias.values()[16] = kNan;
  const std::string biased = numeric_error(
      [&] { spike(net.current() + Current::from_bias("fc1", Variable(bias, true)), kLif); });
  CHECK(has(biased, "sample 0"));
  CHECK(has(biased, "step 1"));
  Tensor recurrence({17, 17});
  recurrence.values()[16 * 17 + 3] = kInfinity;
  const std::string recurrent = numeric_error([&] {
    spike(net.current() + Current::from_recurrence("fc1", Variable(recurrence, true)), kLif);
  });
  CHECK(has(recurrent, "sample 0"));
  CHECK(has(recurrent, "step 2"));
  CHECK(has(recurrent, "neuron 3"));
}

TEST_CASE("a membrane that overflows is found") {
  Net net(3);
  for (float& w : net.weight.value().values()) w = 1.0f;
  NeuronModel unstable = kLif;
  unstable.a[0][0] = {1e300};
  unstable.r[0] = {};
  CHECK(has(numeric_error([&] { spike(net.current(), unstable); }), "fc1"));
}

TEST_CASE("the same bad weight is the same error for any number of threads") {
  Net net(33);
  net.spoil(0, 7, kNan);
  std::vector<std::string> messages;
  for (const int threads : {1, 2, 4}) {
    const ThreadsScope scope(threads);
    messages.push_back(numeric_error([&] { spike(net.current(), kLif); }));
  }
  CHECK(has(messages[0], "sample 0"));
  CHECK(messages[0] == messages[1]);
  CHECK(messages[0] == messages[2]);
}

TEST_CASE("a model that does not fit the layer is refused") {
  const Net net(17);
  NeuronModel model = kLif;
  model.a[0][0] = std::vector<double>(16, 0.9);
  CHECK_THROWS_WITH_AS(spike(net.current(), model), doctest::Contains("17"), ShapeError);
  model = kLif;
  model.window = -1.0;
  CHECK_THROWS_AS(spike(net.current(), model), Error);
  model = kLif;
  model.states = 4;
  CHECK_THROWS_AS(spike(net.current(), model), Error);
}

TEST_CASE("a current without a spike term has no length") {
  const Current bias = Current::from_bias("fc1", Variable(Tensor({5}), true));
  CHECK_THROWS_AS(spike(bias, kLif), ShapeError);
  CHECK_THROWS_AS(readout(bias, 0.9f, Score::max), ShapeError);
}
