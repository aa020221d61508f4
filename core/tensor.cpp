#include "core/tensor.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 59;  // their bytes fit in 64 bits

}  // namespace

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t axis : shape) {
    if (axis < 0)
      throw ShapeError(
          fmt::format("shape: every axis must be 0 or more, got {}", to_string(shape)));
    if (__builtin_mul_overflow(count, axis, &count) || count > kMostElements)
      throw ShapeError(fmt::format(
          "shape: {} has more than 2^59 elements; is an axis a byte count or a wrong number?",
          to_string(shape)));
  }
  return count;
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Tensor::Tensor() : Tensor(Shape{0}, std::make_shared<Buffer<float>>()) {}

Tensor::Tensor(Shape shape, std::shared_ptr<Buffer<float>> buffer)
    : shape_(std::move(shape)), size_(element_count(shape_)), buffer_(std::move(buffer)) {}

Tensor::Tensor(Shape shape, Device device, MemoryTag tag)
    : shape_(std::move(shape)),
      size_(element_count(shape_)),
      buffer_(std::make_shared<Buffer<float>>(
          Buffer<float>::zeros(static_cast<std::size_t>(size_), device, tag))) {}

Tensor Tensor::uninitialized(Shape shape, Device device, MemoryTag tag) {
  const auto size = static_cast<std::size_t>(element_count(shape));
  return {std::move(shape), std::make_shared<Buffer<float>>(size, device, tag)};
}

Tensor Tensor::full(Shape shape, float value) {
  Tensor tensor = uninitialized(std::move(shape));
  tensor.fill(value);
  return tensor;
}

Tensor Tensor::scalar(float value) { return full({}, value); }

Tensor Tensor::from_values(Shape shape, std::span<const float> values) {
  if (element_count(shape) != static_cast<std::int64_t>(values.size()))
    throw ShapeError(fmt::format("tensor: shape {} holds {} values but {} were given",
                                 to_string(shape),
                                 element_count(shape),
                                 values.size()));
  Tensor tensor = uninitialized(std::move(shape));
  std::copy(values.begin(), values.end(), tensor.data());
  return tensor;
}

std::int64_t Tensor::dim(std::int64_t axis) const {
  const std::int64_t index = axis < 0 ? axis + rank() : axis;
  if (index < 0 || index >= rank())
    throw ShapeError(fmt::format("tensor: shape {} has no axis {}", to_string(shape_), axis));
  return shape_[static_cast<std::size_t>(index)];
}

float Tensor::item() const {
  if (size_ != 1)
    throw ShapeError(
        fmt::format("tensor: item() needs exactly one value, the shape is {}", to_string(shape_)));
  return *data();
}

void Tensor::fill(float value) { std::fill_n(data(), size_, value); }

Tensor Tensor::clone(MemoryTag tag) const {
  Tensor copy = uninitialized(shape_, device(), tag);
  if (size_ > 0) std::memcpy(copy.data(), data(), static_cast<std::size_t>(size_) * sizeof(float));
  return copy;
}

Tensor Tensor::reshape(Shape shape) const {
  const Shape asked = shape;
  const auto open = std::find(shape.begin(), shape.end(), -1);
  if (open != shape.end()) {
    *open = 1;
    const std::int64_t rest = element_count(shape);
    *open = rest == 0 ? 0 : size_ / rest;
  }
  if (element_count(shape) != size_)
    throw ShapeError(fmt::format("reshape: {} holds {} values and cannot become {}",
                                 to_string(shape_),
                                 size_,
                                 to_string(asked)));
  return {std::move(shape), buffer_};
}

Tensor Tensor::to(Device device) const {
  require_available(device);
  return *this;
}

}  // namespace spiketape
