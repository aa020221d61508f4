#include "core/memory.hpp"

#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "core/cuda_backend.hpp"
#include "cuda/context.hpp"
#include "cuda/recording.hpp"

namespace spiketape::cuda {
namespace {

/// CUDA's stream-ordered pool of one card. What is freed stays in the pool, so that allocations of
/// a repeated step cost no call of the driver.
class PoolMemory final : public MemoryResource {
 public:
  explicit PoolMemory(Device device) : device_(device) {
    Context::use(device);
    check(cudaDeviceGetDefaultMemPool(&pool_, device.index));
    std::uint64_t everything = ~std::uint64_t{0};
    check(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &everything));
  }
  void clear(void* memory, std::size_t bytes) override {
    check(cudaMemsetAsync(memory, 0, bytes, Context::use(device_).stream()));
  }
  Device device() const override { return device_; }
  void release_unused() override {
    cuda::synchronize(device_);
    check(cudaMemPoolTrimTo(pool_, 0));
  }

 private:
  void* do_allocate(std::size_t bytes) override {
    void* memory = nullptr;
    const cudaError_t status = cudaMallocAsync(&memory, bytes, Context::use(device_).stream());
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      return nullptr;
    }
    check(status);
    return memory;
  }
  void do_deallocate(void* memory, std::size_t /*bytes*/) noexcept override {
    // After an error of the card nothing can be freed, and a destructor may not throw.
    try {
      if (cudaFreeAsync(memory, Context::use(device_).stream()) != cudaSuccess) cudaGetLastError();
    } catch (...) {
    }
  }

  Device device_;
  cudaMemPool_t pool_ = nullptr;
};

}  // namespace

MemoryResource& memory_resource(Device device) {
  static std::mutex mutex;
  static auto& pools = *new std::vector<std::unique_ptr<PoolMemory>>;
  const std::lock_guard lock(mutex);
  const auto index = static_cast<std::size_t>(device.index);
  if (pools.size() <= index) {
    Context::use(device);  // refuses an index that is no card's
    pools.resize(index + 1);
  }
  if (!pools[index]) pools[index] = std::make_unique<PoolMemory>(device);
  return *pools[index];
}

void copy_bytes(
    void* to, Device to_device, const void* from, Device from_device, std::size_t bytes) {
  if (bytes == 0) return;
  Context& context = Context::use(to_device == kCpu ? from_device : to_device);
  if (from_device == kCpu) {
    if (Recording* const recording = Recording::current())
      recording->upload(to, from, bytes);
    else
      context.staging().upload(to, from, bytes, context.stream());
  } else if (to_device == kCpu) {
    refuse_while_recording("reading the card's memory");
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, context.stream()));
    check(cudaStreamSynchronize(context.stream()));
  } else {
    if (to_device != from_device) {  // the other card's stream must have written what is copied
      refuse_while_recording("a copy between two cards");
      cuda::synchronize(from_device);
      Context::use(to_device);
    }
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, context.stream()));
    // The source is freed in the order of its own card's stream, which knows nothing of this copy.
    if (to_device != from_device) check(cudaStreamSynchronize(context.stream()));
  }
}

}  // namespace spiketape::cuda
