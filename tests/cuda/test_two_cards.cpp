// A machine with two cards: what is done on one touches no memory of the other, whichever was used
// last, and tensors go from one to the other. On a machine with one card nothing is tested.
#include <doctest/doctest.h>

#include <vector>

#include <spiketape.hpp>

#include "tests/cuda/step_graph_support.hpp"

#if SPIKETAPE_CUDA_EMULATED
#include "cuda_emulation.hpp"
#endif

using namespace spiketape;
using namespace spiketape::testing;

namespace {

/// Two cards, where there are or can be.
class TwoCards {
 public:
  TwoCards() {
#if SPIKETAPE_CUDA_EMULATED
    cuda_emulation::set_device_count(2);
#endif
    all_ = cards();
  }
  ~TwoCards() {
#if SPIKETAPE_CUDA_EMULATED
    cuda_emulation::reset_settings();
#endif
  }
  TwoCards(const TwoCards&) = delete;
  TwoCards& operator=(const TwoCards&) = delete;

  bool there() const { return all_.size() >= 2; }
  Device first() const { return all_[0]; }
  Device second() const { return all_[1]; }

 private:
  std::vector<Device> all_;
};

}  // namespace

TEST_CASE("two networks on two cards learn in turn what one learns alone") {
  const TwoCards cards;
  if (!cards.there()) return;
  const Deterministic on;
  for (const SynapsePath path : {SynapsePath::event, SynapsePath::gemm})
    for (const bool replays : {false, true}) {
      CAPTURE(to_string(path));
      CAPTURE(replays);
      Trained first(cards.first(), replays, path, Update::within_step);
      Trained second(cards.second(), replays, path, Update::within_step);
      for (std::uint64_t i = 0; i < 5; ++i) {
        const Batch batch = Net::batch(i);
        const float loss = first.train(batch);
        CHECK(second.train(batch) == loss);
      }
      CHECK(first.step.replays() == (replays ? 4 : 0));
      CHECK(second.step.replays() == (replays ? 4 : 0));
      check_same_bits(everything(second), everything(first));
    }
}

TEST_CASE("memory that is freed on one card does not turn the other's work away") {
  const TwoCards cards;
  if (!cards.there()) return;
  const Tensor expected = Tensor::full({1000}, 2.0f);
  Tensor there = Tensor::full({1000}, 1.0f).to(cards.first());
  {
    const Tensor elsewhere = Tensor::full({10}, 3.0f).to(cards.second());
    there.fill(2.0f);
  }
  CHECK(std::ranges::equal(there.to(kCpu).values(), expected.values()));
  const Variable doubled = Variable(there) + Variable(there);
  CHECK(doubled.value().to(kCpu).values()[999] == 4.0f);
}

TEST_CASE("tensors and spikes go from card to card and are the same") {
  const TwoCards cards;
  if (!cards.there()) return;
  const Tensor values = Net::batch(1).spikes.to_dense();
  const Tensor moved = values.to(cards.first()).to(cards.second());
  CHECK(moved.device() == cards.second());
  CHECK(std::ranges::equal(moved.to(kCpu).values(), values.values()));
  const SpikeTensor spikes = Net::batch(1).spikes.to(cards.second()).to(cards.first());
  CHECK(spikes.device() == cards.first());
  CHECK(std::ranges::equal(spikes.to(kCpu).to_dense().values(), values.values()));
}

TEST_CASE("a network moved from card to card goes on learning there") {
  const TwoCards cards;
  if (!cards.there()) return;
  const Deterministic on;
  Net stays(cards.first());
  Net moves(cards.first());
  for (std::uint64_t i = 0; i < 4; ++i) {
    if (i % 2 == 1) moves.to(cards.second());
    if (i % 2 == 0) moves.to(cards.first());
    const Batch batch = Net::batch(i);
    const float expected = learn(stays, batch.spikes.to(cards.first()), batch.labels)[0].item();
    const float got = learn(moves, batch.spikes.to(moves.device()), batch.labels)[0].item();
    CHECK(got == expected);
    for (Net* net : {&stays, &moves})
      for (const NamedVariable& parameter : net->parameters()) {
        Sgd({parameter}, {.learning_rate = 0.1f}).step();
      }
  }
}

TEST_CASE("an operation on tensors of two cards is refused, and so is one of an optimiser") {
  const TwoCards cards;
  if (!cards.there()) return;
  const Variable here(Tensor::full({3}, 1.0f).to(cards.first()));
  const Variable there(Tensor::full({3}, 1.0f).to(cards.second()));
  CHECK_THROWS_AS(here + there, BackendError);
  CHECK_THROWS_AS(Adam({{"a", here}, {"b", there}}), BackendError);
  Net net(cards.first());
  CHECK_THROWS_AS(net.forward(Net::batch(1).spikes.to(cards.second())), BackendError);
}
