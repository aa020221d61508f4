#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "autograd/ops.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "tests/autograd/dual_reference.hpp"

// Whole networks against dual numbers: gradients that pass through several sweeps, a pool, counts
// and a readout.
using namespace spiketape;
using namespace spiketape::test;

namespace {

/// input -> recurrent adaptive layer -> pool -> current-based layer (with skip from the input) ->
/// readout; the loss weighs every score and every spike count.
struct Network {
  static constexpr std::int64_t kBatch = 2, kSteps = 10, kInputs = 8, kHidden = 12, kPooled = 5,
                                kTop = 7, kClasses = 3;
  NeuronModel first_model = adaptive_lif_model(0.9, 0.8, 0.3, 1.0, true);
  NeuronModel second_model = cuba_lif_model(0.7, 0.9, 1.0, false);
  Score score;
  SpikeTensor input;
  Variable w1, rec, b1, w2, skip, out;
  std::vector<UnitId> map;
  std::vector<float> upstream;
  std::vector<float> count_weights;

  Network(Score chosen, std::uint64_t seed) : score(chosen) {
    for (NeuronModel* model : {&first_model, &second_model}) {
      model->surrogate = ArcTan{3.0f};
      model->window = 0.7;
    }
    Random random(seed);
    input = random_spikes(kBatch, kSteps, kInputs, 0.3, random);
    const auto weight = [&](const Shape& shape, float gain) {
      return Variable(random_weight(shape, gain, random), true);
    };
    w1 = weight({kInputs, kHidden}, 4.0f);
    rec = weight({kHidden, kHidden}, 2.0f);
    b1 = weight({kHidden}, 0.5f);
    w2 = weight({kPooled, kTop}, 2.0f);
    skip = weight({kInputs, kTop}, 2.0f);
    out = weight({kTop, kClasses}, 1.0f);
    for (std::size_t i = 0; i < kHidden; ++i) map.push_back(static_cast<UnitId>((5 * i) % kPooled));
    for (std::int64_t i = 0; i < kBatch * kClasses; ++i) upstream.push_back(random.normal());
    for (std::int64_t i = 0; i < kBatch * kHidden; ++i)
      count_weights.push_back(0.1f * random.normal());
  }

  /// The loss by the library; its gradients are left in the weights.
  void backward(SynapsePath path) const {
    const auto project = [&](const SpikeVariable& s, const Variable& w) {
      return Current::from_synapse(
          "fc", s, w, linear_synapse(w.value().dim(0), w.value().dim(1), path));
    };
    const SpikeVariable x = input;
    Tape tape;
    const SpikeVariable s1 =
        spike(project(x, w1) + Current::from_recurrence("fc", rec) + Current::from_bias("fc", b1),
              first_model);
    const SpikeVariable s2 =
        spike(project(pool(s1, map, kPooled), w2) + project(x, skip), second_model);
    const Variable scores = readout(project(s2, out), 0.8f, score);
    tape.backward(
        sum(scores * Variable(Tensor::from_values({kBatch, kClasses}, upstream))) +
        sum(spike_count(s1) * Variable(Tensor::from_values({kBatch, kHidden}, count_weights))));
  }
};

/// The same network in dual numbers.
struct DualNetwork {
  const Network& net;
  DualMatrix x, w1, rec, b1, w2, skip, out;
  double margin = 0.0;

  explicit DualNetwork(const Network& network)
      : net(network),
        x(to_dual(net.input)),
        w1(to_dual(net.w1.value())),
        rec(to_dual(net.rec.value())),
        b1(to_dual(net.b1.value())),
        w2(to_dual(net.w2.value())),
        skip(to_dual(net.skip.value())),
        out(to_dual(net.out.value())) {}

  Dual loss() {
    DualMatrix first(x.rows, Network::kHidden);
    for (std::int64_t row = 0; row < first.rows; ++row)
      for (std::int64_t j = 0; j < first.columns; ++j) first.at(row, j) = b1.at(0, j);
    add_projection(x, w1, 1.0, first);
    const DualSweep s1 = dual_sweep(first, Network::kSteps, net.first_model, &rec);
    DualMatrix second(x.rows, Network::kTop);
    add_projection(dual_pool(s1.spikes, net.map, Network::kPooled), w2, 1.0, second);
    add_projection(x, skip, 1.0, second);
    const DualSweep s2 = dual_sweep(second, Network::kSteps, net.second_model);
    DualMatrix last(x.rows, Network::kClasses);
    add_projection(s2.spikes, out, 1.0, last);
    margin = std::min(rounding_margin(net.first_model, s1.membrane),
                      rounding_margin(net.second_model, s2.membrane));
    const DualMatrix trace = dual_readout(last, Network::kSteps, static_cast<double>(0.8f));
    return weighted_sum(dual_scores(trace, Network::kSteps, net.score), net.upstream) +
           weighted_sum(dual_count(s1.spikes, Network::kSteps), net.count_weights);
  }
};

void check_network(Score score, SynapsePath path) {
  CAPTURE(to_string(score));
  CAPTURE(to_string(path));
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Network net(score, seed);
    DualNetwork dual(net);
    dual.loss();
    if (dual.margin < 1e-4) continue;
    net.backward(path);
    const auto loss = [&] { return dual.loss(); };
    CHECK(gradient_error(net.w1.grad().values(), dual.w1, loss) < 1e-5);
    CHECK(gradient_error(net.rec.grad().values(), dual.rec, loss) < 1e-5);
    CHECK(gradient_error(net.b1.grad().values(), dual.b1, loss) < 1e-5);
    CHECK(gradient_error(net.w2.grad().values(), dual.w2, loss) < 1e-5);
    CHECK(gradient_error(net.skip.grad().values(), dual.skip, loss) < 1e-5);
    CHECK(gradient_error(net.out.grad().values(), dual.out, loss) < 1e-5);
    return;
  }
  FAIL("no seed with a safe margin");
}

}  // namespace

TEST_CASE("every weight of a deep network has the gradient of dual numbers, for every score") {
  for (const Score score : {Score::max, Score::sum, Score::mean, Score::last}) {
    check_network(score, SynapsePath::event);
    check_network(score, SynapsePath::gemm);
  }
}
