#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "autograd/adam.hpp"
#include "autograd/clip.hpp"
#include "autograd/ops.hpp"
#include "autograd/sgd.hpp"
#include "core/error.hpp"
#include "tests/autograd/on_devices.hpp"
#include "tests/autograd/values.hpp"

// Sizes around a warp, a block and a block's share of a reduction: a card against the CPU.
namespace spiketape::tests {
namespace {

using Function = std::function<Variable(const std::vector<Variable>&)>;

/// The value of f, then the gradients of its weighted sum, on `device`.
std::vector<Floats> run(const Function& f, const std::vector<Tensor>& inputs, Device device) {
  std::vector<Variable> variables;
  variables.reserve(inputs.size());
  for (const Tensor& input : inputs) variables.emplace_back(input.to(device), true);
  Tape tape;
  const Variable y = f(variables);
  CHECK(y.value().device() == device);
  std::vector<Floats> results = {list(y.value())};
  tape.backward(sum(y * Variable(uniform(y.shape(), 9, -1.0f, 1.0f, device))));
  for (const Variable& variable : variables) {
    CHECK(variable.grad().device() == device);
    results.push_back(list(variable.grad()));
  }
  return results;
}

void compare(const char* name, const Function& f, const std::vector<Tensor>& inputs) {
  for_each_card([&](Device card) {
    CAPTURE(name);
    CAPTURE(to_string(inputs[0].shape()));
    const std::vector<Floats> expected = run(f, inputs, kCpu);
    const std::vector<Floats> got = run(f, inputs, card);
    CHECK(run(f, inputs, card) == got);  // the same bits each time
    for (std::size_t k = 0; k < got.size(); ++k) check_close(got[k], expected[k], 4e-6f);
  });
}

}  // namespace

TEST_CASE("unary ops on a card agree with the CPU") {
  const std::pair<const char*, Function> ops[] = {
      {"exp", [](const auto& x) { return exp(x[0]); }},
      {"log", [](const auto& x) { return log(x[0]); }},
      {"tanh", [](const auto& x) { return tanh(x[0]); }},
      {"sigmoid", [](const auto& x) { return sigmoid(x[0]); }},
      {"relu", [](const auto& x) { return relu(x[0] - 1.0f); }},
      {"abs", [](const auto& x) { return abs(x[0] - 1.0f); }},
      {"power 2", [](const auto& x) { return power(x[0], 2.0f); }},
      {"power -1.5", [](const auto& x) { return power(x[0], -1.5f); }},
  };
  for (const std::int64_t size : kSizesAroundAWarp)
    for (const auto& [name, f] : ops) compare(name, f, {uniform({size}, 1, 0.5f, 2.0f)});
}

TEST_CASE("binary ops on a card agree with the CPU, also where an operand is repeated") {
  const std::pair<const char*, Function> ops[] = {
      {"add", [](const auto& x) { return x[0] + x[1]; }},
      {"sub", [](const auto& x) { return x[0] - x[1]; }},
      {"mul", [](const auto& x) { return x[0] * x[1]; }},
      {"div", [](const auto& x) { return x[0] / x[1]; }},
      {"with itself", [](const auto& x) { return x[0] * x[0] + x[1]; }},
  };
  for (const std::int64_t size : kSizesAroundAWarp)
    for (const auto& [name, f] : ops) {
      const Tensor x = uniform({3, size}, 1, 0.5f, 2.0f);
      compare(name, f, {x, uniform({3, size}, 2, 0.5f, 2.0f)});
      compare(name, f, {x, uniform({size}, 2, 0.5f, 2.0f)});
      compare(name, f, {x, uniform({3, 1}, 2, 0.5f, 2.0f)});
      compare(name, f, {uniform({}, 2, 0.5f, 2.0f), x});
    }
}

TEST_CASE("reductions on a card agree with the CPU, by threads, blocks and several blocks") {
  const auto reduce = [](const Shape& shape, const std::vector<std::int64_t>& axes) {
    const Tensor x = uniform(shape, 3, -1.0f, 1.0f);
    compare("sum", [&](const auto& in) { return sum(in[0], axes) * 0.01f; }, {x});
    compare("mean", [&](const auto& in) { return mean(in[0], axes); }, {x});
    compare("max", [&](const auto& in) { return max(in[0], axes); }, {x});
  };
  for (const std::int64_t size : kSizesAroundAWarp)
    if (size > 0)
      for (const auto& axes : std::vector<std::vector<std::int64_t>>{{}, {0}, {1}, {0, 2}})
        reduce({2, size, 3}, axes);
  reduce({17000}, {});
  reduce({2, 17000}, {1});
  reduce({17000, 2}, {0});
}

TEST_CASE("a maximum on a card is the first of many that tie, and NaN when there is one") {
  for_each_device([](Device device) {
    Tensor ties = Tensor::full({40000}, 1.0f);
    ties.data()[5] = ties.data()[300] = ties.data()[39999] = 2.0f;
    Tensor nans = ties.clone();
    nans.data()[20001] = nans.data()[20002] = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(max(Variable(nans.to(device))).item()));
    const Variable x(ties.to(device), true);
    Tape tape;
    tape.backward(max(x));
    const Floats grad = list(x.grad());
    CHECK(grad[5] == 1.0f);
    CHECK(std::count(grad.begin(), grad.end(), 0.0f) == 39999);
  });
}

TEST_CASE("log_softmax, losses, slices and products on a card agree with the CPU") {
  for (const std::int64_t size : kSizesAroundAWarp) {
    if (size == 0) continue;
    const Tensor x = uniform({5, size}, 1, -3.0f, 3.0f);
    const Tensor y = uniform({5, size}, 2, -3.0f, 3.0f);
    std::vector<std::int32_t> labels;
    for (std::int32_t b = 0; b < 5; ++b)
      labels.push_back(static_cast<std::int32_t>((b * 7 + 3) % size));
    compare("log_softmax", [](const auto& in) { return log_softmax(in[0]); }, {x});
    compare("cross_entropy", [&](const auto& in) { return cross_entropy(in[0], labels); }, {x});
    compare("mean_squared_error",
            [&](const auto& in) { return mean_squared_error(in[0], y.to(in[0].value().device())); },
            {x});
    compare("slice", [&](const auto& in) { return slice(in[0], 1, size / 3, size); }, {x});
    compare("concat", [&](const auto& in) { return concat({in[0], in[1], in[0]}, 1); }, {x, y});
    compare("reshape", [&](const auto& in) { return reshape(in[0], {size, 5}); }, {x});
    compare("matmul",
            [&](const auto& in) {
              return matmul(in[0], reshape(in[1], {size, 5})) * 0.1f;
            },
            {x, y});
  }
}

TEST_CASE("a batch of 1,025 samples has the loss and gradient of the CPU") {
  std::vector<std::int32_t> labels(1025);
  for (std::size_t b = 0; b < labels.size(); ++b) labels[b] = static_cast<std::int32_t>(b % 7);
  compare("cross_entropy",
          [&](const auto& in) { return cross_entropy(in[0], labels); },
          {uniform({1025, 7}, 1, -3.0f, 3.0f)});
}

TEST_CASE("optimisers and clipping on a card agree with the CPU, also for very many parameters") {
  const auto train = [](Device device, int which) {
    std::vector<NamedVariable> parameters;
    for (std::int64_t k = 0; k < 70; ++k)  // more than one launch's table holds
      parameters.push_back({fmt::format("w{}", k),
                            Variable(uniform({k == 3 ? 1025 : k}, 1, -1.0f, 1.0f, device), true)});
    const std::unique_ptr<Optimizer> optimizer =
        which == 0   ? std::unique_ptr<Optimizer>(std::make_unique<AdamW>(parameters))
        : which == 1 ? std::make_unique<Sgd>(parameters, SgdOptions{.learning_rate = 0.1f})
                     : std::make_unique<Sgd>(parameters,
                                             SgdOptions{.learning_rate = 0.1f, .momentum = 0.9f});
    std::vector<float> results;
    for (std::uint64_t step = 0; step < 3; ++step) {
      for (const NamedVariable& each : parameters)
        each.variable.grad().copy_from(uniform(each.variable.shape(), step + 5, -1.0f, 1.0f));
      results.push_back(clip_gradient_norm(parameters, 4.0f));
      clip_gradient_value(parameters, 0.1f);
      optimizer->step();
    }
    for (const NamedVariable& each : parameters)
      for (const float value : list(each.variable.value())) results.push_back(value);
    return results;
  };
  for_each_card([&](Device card) {
    for (int which = 0; which < 3; ++which) check_close(train(card, which), train(kCpu, which));
  });
}

TEST_CASE("clipping on a card names the parameter with a NaN, also behind very many") {
  for_each_device([](Device device) {
    std::vector<NamedVariable> parameters;
    for (int k = 0; k < 70; ++k) {
      const Variable w(Tensor(Shape{33}, device), true);
      w.grad().fill(k >= 67 ? std::numeric_limits<float>::quiet_NaN() : 1.0f);
      parameters.push_back({fmt::format("w{}", k), w});
    }
    CHECK_THROWS_WITH_AS(
        clip_gradient_value(parameters, 1.0f), doctest::Contains("'w67'"), NumericError);
    CHECK_THROWS_WITH_AS(
        clip_gradient_norm(parameters, 1.0f), doctest::Contains("'w67'"), NumericError);
  });
}

TEST_CASE("operands on two devices are an error that names the op and the devices") {
  for_each_card([](Device card) {
    const Variable here = leaf({1, 1}, {1});
    const Variable there = leaf({1, 1}, {1}, card);
    CHECK_THROWS_WITH_AS(add(here, there), doctest::Contains("add: expected"), BackendError);
    CHECK_THROWS_WITH_AS(div(there, here), doctest::Contains("div: expected"), BackendError);
    CHECK_THROWS_WITH_AS(matmul(here, there), doctest::Contains("matmul: "), BackendError);
    CHECK_THROWS_WITH_AS(concat({here, there}, 0), doctest::Contains("concat: "), BackendError);
    CHECK_THROWS_WITH_AS(mean_squared_error(there, here.value()),
                         doctest::Contains("mean_squared_error: "),
                         BackendError);
    CHECK_THROWS_WITH_AS(
        Sgd({{"a", here}, {"b", there}}), doctest::Contains("sgd: "), BackendError);
    here.grad();
    there.grad();
    CHECK_THROWS_AS(clip_gradient_norm(std::vector<NamedVariable>{{"a", here}, {"b", there}}, 1.0f),
                    BackendError);
  });
}

TEST_CASE("an optimiser made before its parameters moved says so, and its state moves with to()") {
  for_each_card([](Device card) {
    Variable w = leaf({2}, {1, 2});
    Adam before({{"w", w}});
    w.value() = w.value().to(card);
    w.grad().fill(1.0f);
    CHECK(w.grad().device() == card);
    CHECK_THROWS_WITH_AS(before.step(), doctest::Contains("'w' is on cuda"), BackendError);
    Adam after({{"w", w}});
    after.load_state(before.state());
    after.step();
    Adam third({{"w", w}});
    third.load_state(after.state());
    CHECK(third.state()[2].tensor.device() == card);
    CHECK(list(third.state()[2].tensor) == list(after.state()[2].tensor));
    CHECK(third.steps_done() == 1);
  });
}

}  // namespace spiketape::tests
