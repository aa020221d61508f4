#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "core/device.hpp"
#include "core/memory.hpp"

namespace spiketape {

/// Owns `size` values of T on one device; move-only. The values start undefined, unless made by
/// zeros().
template <typename T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  explicit Buffer(std::size_t size, Device device = kCpu, MemoryTag tag = current_memory_tag())
      : size_(size), device_(device), tag_(tag) {
    if (size > 0) data_ = static_cast<T*>(memory_resource(device).allocate(bytes(), tag));
  }
  static Buffer zeros(std::size_t size,
                      Device device = kCpu,
                      MemoryTag tag = current_memory_tag()) {
    Buffer buffer(size, device, tag);
    if (size > 0) memory_resource(device).clear(buffer.data_, buffer.bytes());
    return buffer;
  }
  /// A copy of host values on `device`.
  static Buffer copy_of(std::span<const T> values,
                        MemoryTag tag = current_memory_tag(),
                        Device device = kCpu) {
    Buffer buffer(values.size(), device, tag);
    copy_bytes(buffer.data_, device, values.data(), kCpu, values.size_bytes());
    return buffer;
  }
  /// A copy on `device`, also when it is there already.
  Buffer copy_to(Device device, MemoryTag tag = current_memory_tag()) const {
    Buffer copy(size_, device, tag);
    copy_bytes(copy.data_, device, data_, device_, bytes());
    return copy;
  }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer taken(std::move(other));
    swap(taken);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (data_ != nullptr) memory_resource(device_).deallocate(data_, bytes(), tag_);
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * sizeof(T); }
  bool empty() const { return size_ == 0; }
  Device device() const { return device_; }
  MemoryTag tag() const { return tag_; }

  /// The values as a host view; only for buffers on the CPU.
  std::span<T> span() { return {data_, size_}; }
  std::span<const T> span() const { return {data_, size_}; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(device_, other.device_);
    std::swap(tag_, other.tag_);
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  Device device_{};
  MemoryTag tag_ = MemoryTag::other;
};

}  // namespace spiketape
