#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/buffer.hpp"

namespace spiketape {

/// Sizes of the axes, outermost first. An empty shape is a scalar (one value).
using Shape = std::vector<std::int64_t>;

/// Number of values in a shape. @throws ShapeError when an axis is negative.
std::int64_t element_count(const Shape& shape);

/// "[256, 100, 200]"
std::string to_string(const Shape& shape);

/// A dense, row-major float32 array on one device. Copies share the values (see clone()).
class Tensor {
 public:
  /// A scalar zero-size placeholder: shape [0].
  Tensor();
  /// Zeros of the given shape, booked under `tag`.
  explicit Tensor(Shape shape, Device device = kCpu, MemoryTag tag = current_memory_tag());

  static Tensor full(Shape shape, float value, Device device = kCpu);
  static Tensor scalar(float value, Device device = kCpu);
  /// Copies `values`. @throws ShapeError when their number is not the shape's.
  static Tensor from_values(Shape shape, std::span<const float> values);
  /// Undefined values, for a kernel that writes every one.
  static Tensor uninitialized(Shape shape,
                              Device device = kCpu,
                              MemoryTag tag = current_memory_tag());

  const Shape& shape() const { return shape_; }
  std::int64_t rank() const { return static_cast<std::int64_t>(shape_.size()); }
  /// Size of one axis; negative counts from the last. @throws ShapeError when there is no such
  /// axis.
  std::int64_t dim(std::int64_t axis) const;
  std::int64_t size() const { return size_; }
  Device device() const { return buffer_->device(); }

  float* data() { return buffer_->data(); }
  const float* data() const { return buffer_->data(); }
  /// All values as a host view. @throws BackendError unless the tensor is on the CPU: copies from a
  /// card are spelled out, `x.to(kCpu).values()`.
  std::span<float> values();
  std::span<const float> values() const;
  /// The only value, also from a card. @throws ShapeError when there is not exactly one.
  float item() const;

  void fill(float value);
  /// Takes the values of a tensor of equal size on any device. @throws ShapeError otherwise.
  void copy_from(const Tensor& other);
  /// A copy with values of its own, booked under `tag`.
  Tensor clone(MemoryTag tag = current_memory_tag()) const;
  /// The same values under another shape of equal size; one axis may be -1. @throws ShapeError
  /// otherwise.
  Tensor reshape(Shape shape) const;
  /// This tensor on `device`; shares the values when it is there already.
  Tensor to(Device device) const;

 private:
  Tensor(Shape shape, std::shared_ptr<Buffer<float>> buffer);

  Shape shape_;
  std::int64_t size_ = 0;
  std::shared_ptr<Buffer<float>> buffer_;
};

}  // namespace spiketape
