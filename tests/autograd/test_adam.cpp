#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "autograd/adam.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "tests/autograd/on_devices.hpp"
#include "tests/autograd/values.hpp"

namespace spiketape::tests {
namespace {

constexpr std::int64_t kSteps = 20;

float grad_at(std::int64_t step, std::int64_t i) {
  return random_normal(7, static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(i));
}

void train(Adam& adam, const Variable& w) {
  for (std::int64_t step = 1; step <= kSteps; ++step) {
    Tensor grad(w.shape());
    for (std::int64_t i = 0; i < grad.size(); ++i) grad.data()[i] = grad_at(step, i);
    w.grad().copy_from(grad);
    adam.step();
  }
}

/// The paper's algorithm, value by value in double.
double expected(double w, std::int64_t i, double rate, double weight_decay) {
  double m = 0.0;
  double v = 0.0;
  for (std::int64_t t = 1; t <= kSteps; ++t) {
    const auto g = static_cast<double>(grad_at(t, i));
    w *= 1.0 - rate * weight_decay;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const double m_hat = m / (1.0 - std::pow(0.9, static_cast<double>(t)));
    const double v_hat = v / (1.0 - std::pow(0.999, static_cast<double>(t)));
    w -= rate * m_hat / (std::sqrt(v_hat) + 1e-8);
  }
  return w;
}

}  // namespace

TEST_CASE("Adam's first step has the size of the learning rate, against the gradient's sign") {
  for_each_device([&](Device device) {
    const Variable w = leaf({3}, {1, 1, 1}, device);
    Adam adam({{"w", w}}, {.learning_rate = 0.1f});
    w.grad().copy_from(tensor({3}, {5, -0.01f, 0}));
    adam.step();
    CHECK(list(w.value())[0] == doctest::Approx(0.9));
    CHECK(list(w.value())[1] == doctest::Approx(1.1));
    CHECK(list(w.value())[2] == 1.0f);
  });
}

TEST_CASE("Adam and AdamW agree with the papers' algorithms in double, for sizes around a vector") {
  for_each_device([&](Device device) {
    for (const std::int64_t size : {1, 3, 4, 7, 8, 15, 16, 17, 33, 257}) {
      for (const float weight_decay : {0.0f, 0.1f}) {
        CAPTURE(size);
        CAPTURE(weight_decay);
        const Tensor start = uniform({size}, 3, -1.0f, 1.0f);
        const Variable w(start.clone().to(device), true);
        if (weight_decay == 0.0f) {
          Adam adam({{"w", w}}, {.learning_rate = 0.01f});
          train(adam, w);
        } else {
          AdamW adam({{"w", w}}, {.learning_rate = 0.01f, .weight_decay = weight_decay});
          train(adam, w);
        }
        for (std::int64_t i = 0; i < size; ++i)
          CHECK(static_cast<double>(list(w.value())[static_cast<std::size_t>(i)]) ==
                doctest::Approx(expected(static_cast<double>(start.data()[i]),
                                         i,
                                         0.01,
                                         static_cast<double>(weight_decay)))
                    .epsilon(2e-5));
      }
    }
  });
}

TEST_CASE(
    "Adam on a large parameter has the same bits for any number of threads, and for its parts") {
  const int before = thread_count();
  constexpr std::int64_t size = 50021;
  Floats runs[2];
  for (int run = 0; run < 2; ++run) {
    set_thread_count(run == 0 ? 1 : 4);
    const Variable w(uniform({size}, 3, -1.0f, 1.0f), true);
    Adam adam({{"w", w}}, {.learning_rate = 0.01f});
    train(adam, w);
    runs[run] = list(w.value());
  }
  set_thread_count(before);
  CHECK(runs[0] == runs[1]);
  // The first 21 values alone pass through vectors and tail at other places.
  const Tensor start = uniform({size}, 3, -1.0f, 1.0f);
  const Variable part(Tensor::from_values({21}, start.values().first(21)), true);
  Adam adam({{"w", part}}, {.learning_rate = 0.01f});
  train(adam, part);
  CHECK(list(part.value()) == Floats(runs[0].begin(), runs[0].begin() + 21));
}

TEST_CASE("Adam writes nothing past the end of a parameter") {
  Tensor both = uniform({40}, 3, -1.0f, 1.0f);
  const Variable w(Tensor::from_values({19}, both.values().first(19)), true);
  Adam adam({{"w", w}}, {.learning_rate = 1.0f});
  w.grad().fill(1.0f);
  adam.step();
  // At least 64 readable bytes follow each block, and they are zero.
  for (std::int64_t i = 19; i < 19 + 16; ++i) CHECK(w.value().data()[i] == 0.0f);
}

TEST_CASE("Adam refuses options outside their range") {
  const std::vector<NamedVariable> w = {{"w", leaf({1}, {1})}};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(Adam(w, {.beta1 = 1.0f}), doctest::Contains("adam: expected beta1"), Error);
  CHECK_THROWS_AS(Adam(w, {.beta2 = -0.1f}), Error);
  CHECK_THROWS_AS(Adam(w, {.beta1 = nan}), Error);
  CHECK_THROWS_WITH_AS(Adam(w, {.epsilon = 0.0f}), doctest::Contains("epsilon above 0"), Error);
  CHECK_THROWS_WITH_AS(AdamW(w, {.weight_decay = -1.0f}),
                       doctest::Contains("adamw: expected a finite weight decay"),
                       Error);
  CHECK_THROWS_AS(AdamW(w, {.weight_decay = nan}), Error);
}

}  // namespace spiketape::tests
