#include "core/tensor.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/cuda_backend.hpp"
#include "core/error.hpp"
#include "core/replay.hpp"

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

Tensor Tensor::full(Shape shape, float value, Device device) {
  Tensor tensor = uninitialized(std::move(shape), device);
  tensor.fill(value);
  return tensor;
}

Tensor Tensor::scalar(float value, Device device) { return full({}, value, device); }

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
  return device() == kCpu ? *data() : *to(kCpu).data();
}

std::span<float> Tensor::values() {
  require_same_device("tensor: values()", kCpu, device());
  return {data(), static_cast<std::size_t>(size_)};
}

std::span<const float> Tensor::values() const {
  require_same_device("tensor: values()", kCpu, device());
  return {data(), static_cast<std::size_t>(size_)};
}

void Tensor::fill(float value) {
  if (device() == kCpu) {
    std::fill_n(data(), size_, value);
    return;
  }
  if constexpr (kCudaBuilt) cuda::fill(device(), data(), static_cast<std::size_t>(size_), value);
}

void Tensor::copy_from(const Tensor& other) {
  if (size_ != other.size_)
    throw ShapeError(fmt::format("tensor: {} takes no values of {}; expected the same size",
                                 to_string(shape_),
                                 to_string(other.shape_)));
  copy_bytes(data(), device(), other.data(), other.device(), buffer_->bytes());
}

Tensor Tensor::clone(MemoryTag tag) const {
  Tensor copy = uninitialized(shape_, device(), tag);
  copy.copy_from(*this);
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
  if (device == this->device()) return *this;
  require_available(device);
  if (this->device() == kCpu) require_followed(data());
  Tensor copy = uninitialized(shape_, device, buffer_->tag());
  copy.copy_from(*this);
  return copy;
}

}  // namespace spiketape
