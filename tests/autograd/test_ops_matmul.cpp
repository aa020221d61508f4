#include <doctest/doctest.h>

#include "autograd/gradient_check.hpp"
#include "autograd/ops.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "tests/autograd/on_devices.hpp"
#include "tests/autograd/values.hpp"

namespace spiketape::tests {

TEST_CASE("matmul gives the product and the gradients computed by hand") {
  for_each_device([&](Device device) {
    const Variable a = leaf({2, 3}, {1, 2, 3, 4, 5, 6}, device);
    const Variable b = leaf({3, 2}, {1, 0, 0, 1, 2, -1}, device);
    Tape tape;
    const Variable y = matmul(a, b);
    CHECK(y.shape() == Shape{2, 2});
    CHECK(list(y.value()) == Floats{7, -1, 16, -1});
    tape.backward(sum(y));
    CHECK(list(a.grad()) == Floats{1, 1, 1, 1, 1, 1});
    CHECK(list(b.grad()) == Floats{5, 5, 7, 7, 9, 9});
  });
}

TEST_CASE("matmul's gradients agree with central differences for odd sizes") {
  for_each_device([&](Device device) {
    const std::int64_t sizes[][3] = {{1, 1, 1}, {1, 9, 1}, {3, 1, 5}, {7, 5, 3}, {67, 3, 2}};
    for (const auto& [rows, inner, columns] : sizes) {
      const Tensor a = uniform({rows, inner}, 1, -1.0f, 1.0f);
      const Tensor b = uniform({inner, columns}, 2, -1.0f, 1.0f);
      CHECK(check_gradient(
          [](const auto& x) { return matmul(x[0], x[1]); }, {a, b}, {.device = device}));
    }
  });
}

TEST_CASE(
    "matmul agrees with a plain loop in double, with the same bits for any number of threads") {
  const int before = thread_count();
  const Tensor left = uniform({131, 70}, 1, -1.0f, 1.0f);
  const Tensor right = uniform({70, 45}, 2, -1.0f, 1.0f);
  Floats runs[2][3];
  for (int run = 0; run < 2; ++run) {
    set_thread_count(run == 0 ? 1 : 4);
    const Variable a(left, true);
    const Variable b(right, true);
    Tape tape;
    const Variable y = matmul(a, b);
    tape.backward(sum(y * y));
    runs[run][0] = list(y.value());
    runs[run][1] = list(a.grad());
    runs[run][2] = list(b.grad());
  }
  set_thread_count(before);
  for (int k = 0; k < 3; ++k) CHECK(runs[0][k] == runs[1][k]);
  for (std::int64_t i = 0; i < 131; ++i)
    for (std::int64_t j = 0; j < 45; ++j) {
      double expected = 0.0;
      for (std::int64_t k = 0; k < 70; ++k)
        expected += static_cast<double>(left.data()[i * 70 + k]) *
                    static_cast<double>(right.data()[k * 45 + j]);
      const auto got = static_cast<double>(runs[0][0][static_cast<std::size_t>(i * 45 + j)]);
      REQUIRE(got == doctest::Approx(expected).epsilon(1e-5));
    }
}

TEST_CASE("matmul of empty matrices is empty, or zero where the inner axis is") {
  for_each_device([&](Device device) {
    const Variable none(Tensor(Shape{0, 3}, device), true);
    const Variable b = leaf({3, 1}, {1, 2, 3}, device);
    Tape tape;
    const Variable y = matmul(none, b);
    CHECK(y.shape() == Shape{0, 1});
    tape.backward(sum(y));
    CHECK(list(b.grad()) == Floats{0, 0, 0});
    CHECK(list(matmul(Variable(Tensor(Shape{2, 0}, device)), Variable(Tensor(Shape{0, 2}, device)))
                   .value()) == Floats{0, 0, 0, 0});
  });
}

TEST_CASE("matmul of shapes that do not fit raises an error that names them") {
  const Variable a = leaf({2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK_THROWS_WITH_AS(
      matmul(a, a), doctest::Contains("matmul: expected [rows, inner]"), ShapeError);
  CHECK_THROWS_WITH_AS(matmul(a, a), doctest::Contains("got [2, 3] x [2, 3]"), ShapeError);
  CHECK_THROWS_AS(matmul(a, leaf({3}, {1, 2, 3})), ShapeError);
  CHECK_THROWS_AS(matmul(leaf({}, {1}), a), ShapeError);
  CHECK_THROWS_WITH_AS(matmul(a, Variable()), doctest::Contains("undefined"), Error);
}

}  // namespace spiketape::tests
