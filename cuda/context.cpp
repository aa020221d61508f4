#include "cuda/context.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/cuda_backend.hpp"
#include "core/error.hpp"
#include "core/replay.hpp"
#include "cuda/probe.hpp"
#include "cuda/recording.hpp"
#include "cuda/upload.hpp"

namespace spiketape::cuda {
namespace {

thread_local bool uploading = false;

/// What cuBLAS asks for, by its manual (cublasSetWorkspace).
std::size_t blas_workspace_bytes(int compute_capability_major) {
  constexpr std::size_t kMiB = 1024 * 1024;
  return (compute_capability_major >= 9 ? 32 : 4) * kMiB;
}

void refuse_first_use_while_recording() {
  if (Replay::recording() != nullptr)
    throw NotYetRecordable("a library is to be used for the first time");
}

/// Cards that CUDA sees; an error of the driver is none.
int card_count(cudaError_t* status) {
  int count = 0;
  *status = cudaGetDeviceCount(&count);
  if (*status != cudaSuccess) {
    cudaGetLastError();
    return 0;
  }
  return count;
}

}  // namespace

Context::Context(Device device) : device_(device) {
  compute_ = Stream::make(&cudaStreamCreateWithFlags, unsigned{cudaStreamNonBlocking});
  upload_ = Stream::make(&cudaStreamCreateWithFlags, unsigned{cudaStreamNonBlocking});
  uploaded_ = Event::make(&cudaEventCreateWithFlags, unsigned{cudaEventDisableTiming});
  probe(compute_.get());
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, device.index));
  multiprocessors_ = properties.multiProcessorCount;
  blas_bytes_ = blas_workspace_bytes(properties.major);
}

Context& Context::use(Device device) {
  static std::mutex mutex;
  static auto& contexts = *new std::vector<std::unique_ptr<Context>>;
  const std::lock_guard lock(mutex);
  check(cudaSetDevice(device.index));  // also refuses an index that is no card's
  const auto index = static_cast<std::size_t>(device.index);
  if (contexts.size() <= index) contexts.resize(index + 1);
  if (!contexts[index])
    contexts[index].reset(new Context(device));  // NOLINT(cppcoreguidelines-owning-memory)
  return *contexts[index];
}

cudaStream_t Context::stream() const { return uploading ? upload_.get() : compute_.get(); }

// With memory of its own cuBLAS takes none within a recording; every graph would get some more.
cublasHandle_t Context::blas() const {
  std::call_once(blas_once_, [this] {
    refuse_first_use_while_recording();
    check(cudaSetDevice(device_.index));  // the handle is the current card's
    Blas handle = Blas::make(&cublasCreate);
    check(cublasSetStream(handle.get(), compute_.get()));  // takes away an earlier workspace
    blas_workspace_ = Buffer<std::byte>(blas_bytes_, device_, MemoryTag::scratch);
    check(cublasSetWorkspace(handle.get(), blas_workspace_.data(), blas_bytes_));
    blas_ = std::move(handle);
  });
  return blas_.get();
}

cusparseHandle_t Context::sparse() const {
  std::call_once(sparse_once_, [this] {
    refuse_first_use_while_recording();
    check(cudaSetDevice(device_.index));
    Sparse handle = Sparse::make(&cusparseCreate);
    check(cusparseSetStream(handle.get(), compute_.get()));
    sparse_ = std::move(handle);
  });
  return sparse_.get();
}

UploadScope::UploadScope(Device device, UploadWait wait) : device_(device), wait_(wait) {
  if (device != kCpu) uploading = true;
}

UploadScope::~UploadScope() {
  if (device_ == kCpu) return;
  uploading = false;
  try {
    const Context& context = Context::use(device_);
    check(cudaEventRecord(context.uploaded_.get(), context.upload_.get()));
    if (wait_ == UploadWait::every) await_upload(device_);
  } catch (const Error&) {
    // The error is the card's, so the next call finds it, too, and may throw.
  }
}

void await_upload(Device device) {
  if (device == kCpu) return;
  const Context& context = Context::use(device);
  check(cudaStreamWaitEvent(context.compute_.get(), context.uploaded_.get(), 0));
}

std::vector<Device> devices() {
  cudaError_t status = cudaSuccess;
  const int count = card_count(&status);
  std::vector<Device> usable;
  for (int index = 0; index < count; ++index)
    if (const Device device{DeviceKind::cuda, index}; why_unavailable(device).empty())
      usable.push_back(device);
  return usable;
}

std::string why_unavailable(Device device) {
  cudaError_t status = cudaSuccess;
  const int count = card_count(&status);
  if (status != cudaSuccess) {
    const std::string advice = remedy(status);
    return cudaGetErrorString(status) + (advice.empty() ? "" : "; " + advice);
  }
  if (count == 0) return remedy(cudaErrorNoDevice);
  if (device.index < 0 || device.index >= count)
    return count == 1
               ? "this machine has 1 card: use cuda:0"
               : fmt::format(
                     "this machine has {} cards: use one of cuda:0 to cuda:{}", count, count - 1);
  try {
    Context::use(device);
  } catch (const BackendError& error) {
    return error.what();
  }
  return "";
}

std::string card_name(Device device) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, device.index));
  return static_cast<const char*>(properties.name);
}

void synchronize(Device device) {
  refuse_while_recording("waiting for the card");
  check(cudaStreamSynchronize(Context::use(device).stream()));
}

}  // namespace spiketape::cuda
