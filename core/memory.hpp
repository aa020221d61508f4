#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "core/device.hpp"

/// Memory with byte accounting. Every array of the library comes from a MemoryResource, and each
/// allocation is booked under a tag, so that "what does a training step keep?" is a question with a
/// measured answer.
namespace spiketape {

/// What an allocation is for. `tape`: what a training step keeps between forward and backward.
enum class MemoryTag { other, parameter, tape, gradient, optimizer, data, scratch };
inline constexpr int kMemoryTags = 7;

std::string_view to_string(MemoryTag tag);

/// Bytes in use now, and the most there have been since the last reset_peak_memory().
struct MemoryUse {
  std::size_t current = 0;
  std::size_t peak = 0;
};

MemoryUse memory_use(Device device);
MemoryUse memory_use(Device device, MemoryTag tag);

/// Starts a new peak at the current use, for every tag of `device`.
void reset_peak_memory(Device device);

/// What some work needs at most beyond what is in use before it.
struct MemoryNeed {
  std::size_t total = 0;
  std::array<std::size_t, kMemoryTags> by_tag{};
};

/// Measures the need of the work on `device` between its construction and need(). The peaks that
/// memory_use() tells are as if it had not been there.
class MemoryMeter {
 public:
  explicit MemoryMeter(Device device);
  ~MemoryMeter();
  MemoryMeter(const MemoryMeter&) = delete;
  MemoryMeter& operator=(const MemoryMeter&) = delete;

  MemoryNeed need() const;

 private:
  Device device_;
  MemoryNeed before_;        ///< in use at the begin
  MemoryNeed earlier_peak_;  ///< until then
};

/// Books work of a known need that is done anew without an allocation: peaks rise, nothing stays.
void book_need(Device device, const MemoryNeed& need);

/// While it lives, allocations of this thread that name no tag are booked under `tag`.
class MemoryTagScope {
 public:
  explicit MemoryTagScope(MemoryTag tag);
  ~MemoryTagScope();
  MemoryTagScope(const MemoryTagScope&) = delete;
  MemoryTagScope& operator=(const MemoryTagScope&) = delete;

 private:
  MemoryTag previous_;
};

/// The tag that this thread books under now; MemoryTag::other outside every MemoryTagScope.
MemoryTag current_memory_tag();

/// Raw memory of one device. Alignment is at least 64 bytes. On the CPU 64 readable zero bytes
/// follow each block: a kernel may load (never store) one whole vector past the end.
class MemoryResource {
 public:
  virtual ~MemoryResource() = default;

  /// @throws BackendError when the device has no such amount left; says how much was asked for.
  void* allocate(std::size_t bytes, MemoryTag tag);
  /// Frees what allocate() gave for the same `bytes` and `tag`.
  void deallocate(void* memory, std::size_t bytes, MemoryTag tag) noexcept;
  /// Sets `bytes` bytes to zero.
  virtual void clear(void* memory, std::size_t bytes) = 0;
  virtual Device device() const = 0;
  /// Gives memory that is kept for reuse back to the system; none of it counts as in use.
  virtual void release_unused() = 0;

 private:
  virtual void* do_allocate(std::size_t bytes) = 0;  ///< nullptr when there is none left
  virtual void do_deallocate(void* memory, std::size_t bytes) noexcept = 0;
};

/// The resource of `device`. @throws BackendError when the device is not available.
MemoryResource& memory_resource(Device device);

/// Copies between any two devices, or within one. Memory of the host is free for reuse on return.
void copy_bytes(
    void* to, Device to_device, const void* from, Device from_device, std::size_t bytes);

}  // namespace spiketape
