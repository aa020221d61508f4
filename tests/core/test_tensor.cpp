#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "core/error.hpp"
#include "core/tensor.hpp"

using namespace spiketape;

TEST_CASE("shapes count their values and print") {
  CHECK(element_count({}) == 1);
  CHECK(element_count({3}) == 3);
  CHECK(element_count({2, 3, 4}) == 24);
  CHECK(element_count({2, 0, 4}) == 0);
  CHECK(to_string(Shape{256, 100, 200}) == "[256, 100, 200]");
  CHECK(to_string(Shape{}) == "[]");
  CHECK_THROWS_WITH_AS(element_count({2, -3}), doctest::Contains("[2, -3]"), ShapeError);
}

TEST_CASE("a shape of more elements than can be counted is an error") {
  const std::int64_t large = std::int64_t{1} << 32;
  for (const Shape& shape :
       {Shape{large, large}, Shape{std::int64_t{1} << 62}, Shape{large, large, large}})
    CHECK_THROWS_WITH_AS(Tensor{shape}, doctest::Contains("more than 2^59 elements"), ShapeError);
}

TEST_CASE("a new tensor is zero, and a placeholder has no value") {
  const Tensor zeros({3, 5});
  CHECK(zeros.size() == 15);
  CHECK(zeros.rank() == 2);
  for (const float x : zeros.values()) CHECK(x == 0.0f);
  const Tensor none;
  CHECK(none.shape() == Shape{0});
  CHECK(none.values().empty());
}

TEST_CASE("values are kept in row-major order") {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  const Tensor tensor = Tensor::from_values({2, 3}, values);
  CHECK(tensor.data()[0] == 1.0f);
  CHECK(tensor.data()[1 * 3 + 2] == 6.0f);
  CHECK_THROWS_WITH_AS(Tensor::from_values({2, 2}, values),
                       doctest::Contains("[2, 2] holds 4 values but 6"),
                       ShapeError);
}

TEST_CASE("full and scalar tensors hold one value, and item reads it") {
  const Tensor full = Tensor::full({2, 17}, 2.5f);
  for (const float x : full.values()) CHECK(x == 2.5f);
  CHECK(Tensor::scalar(-1.0f).item() == -1.0f);
  CHECK(Tensor::scalar(-1.0f).rank() == 0);
  CHECK_THROWS_WITH_AS(full.item(), doctest::Contains("[2, 17]"), ShapeError);
  CHECK_THROWS_AS(Tensor().item(), ShapeError);
}

TEST_CASE("axes are counted from either end") {
  const Tensor tensor({4, 5, 6});
  CHECK(tensor.dim(0) == 4);
  CHECK(tensor.dim(-1) == 6);
  CHECK(tensor.dim(-3) == 4);
  CHECK_THROWS_WITH_AS(tensor.dim(3), doctest::Contains("no axis 3"), ShapeError);
  CHECK_THROWS_AS(tensor.dim(-4), ShapeError);
}

TEST_CASE("copies and reshaped tensors share values, clones do not") {
  Tensor tensor({2, 3});
  const Tensor same = tensor;
  const Tensor flat = tensor.reshape({6});
  const Tensor own = tensor.clone();
  tensor.data()[5] = 7.0f;
  CHECK(same.data()[5] == 7.0f);
  CHECK(flat.data()[5] == 7.0f);
  CHECK(own.data()[5] == 0.0f);
}

TEST_CASE("reshape fills in one open axis and refuses what does not fit") {
  const Tensor tensor({4, 6});
  CHECK(tensor.reshape({3, -1}).shape() == Shape{3, 8});
  CHECK(tensor.reshape({-1}).shape() == Shape{24});
  CHECK(Tensor({0, 3}).reshape({3, -1}).shape() == Shape{3, 0});
  CHECK_THROWS_WITH_AS(tensor.reshape({5, 5}), doctest::Contains("[4, 6]"), ShapeError);
  CHECK_THROWS_AS(tensor.reshape({5, -1}), ShapeError);
  CHECK_THROWS_AS(tensor.reshape({-1, -1}), ShapeError);
}

TEST_CASE("a tensor is booked under the tag it was made for") {
  const std::size_t before = memory_use(kCpu, MemoryTag::parameter).current;
  {
    const Tensor weights({8, 4}, kCpu, MemoryTag::parameter);
    CHECK(memory_use(kCpu, MemoryTag::parameter).current == before + 8 * 4 * sizeof(float));
    const Tensor copy = weights.clone(MemoryTag::parameter);
    CHECK(memory_use(kCpu, MemoryTag::parameter).current == before + 2 * 8 * 4 * sizeof(float));
  }
  CHECK(memory_use(kCpu, MemoryTag::parameter).current == before);
}

TEST_CASE("a tensor moves to available devices only") {
  const Tensor tensor = Tensor::scalar(1.0f);
  CHECK(tensor.to(kCpu).data() == tensor.data());
  CHECK_THROWS_AS(tensor.to({DeviceKind::cuda, 4096}), BackendError);
}
