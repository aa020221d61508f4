#include "cuda/check.hpp"

#include <string_view>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape::cuda {
namespace {

[[noreturn]] void fail(std::string_view library,
                       std::string_view reason,
                       std::string_view advice,
                       Place place) {
  std::string_view file = place.file;
  if (const auto room = file.rfind("cuda/"); room != std::string_view::npos)
    file.remove_prefix(room);
  throw BackendError(fmt::format("{}: {}{}{} (at {}:{})",
                                 library,
                                 reason,
                                 advice.empty() ? "" : "; ",
                                 advice,
                                 file,
                                 place.line));
}

}  // namespace

const char* remedy(cudaError_t status) {
  switch (status) {
    case cudaErrorNoDevice:
      return "no NVIDIA card is visible: look at nvidia-smi and CUDA_VISIBLE_DEVICES, or use "
             "--device cpu";
    case cudaErrorInsufficientDriver:
      return "the NVIDIA driver is missing or older than the CUDA toolkit of this build: update "
             "it, or use --device cpu";
    case cudaErrorNoKernelImageForDevice:
      return "this build holds no code for the card: configure with "
             "-DCMAKE_CUDA_ARCHITECTURES=native on the machine with the card";
    case cudaErrorNotSupported:
      return "the card or its driver lacks something that spiketape needs, such as memory pools: "
             "use a card of 2016 or newer with a current driver, or --device cpu";
    case cudaErrorMemoryAllocation:
      return "use a smaller batch or model, or another card";
    case cudaErrorInvalidDevice:
      return "this machine has no card of that number: nvidia-smi lists those that are there";
    case cudaErrorUnsupportedPtxVersion:
      return "the driver is older than the CUDA toolkit of this build: update it, or configure "
             "with "
             "-DCMAKE_CUDA_ARCHITECTURES=native on the machine with the card";
    case cudaErrorDevicesUnavailable:
      return "the card is taken by another process (nvidia-smi shows which, and the compute mode): "
             "wait for it, or use another card";
    case cudaErrorSystemNotReady:
      return "the machine's cards are not ready; where they are joined by NVSwitch, "
             "nvidia-fabricmanager must run";
    case cudaErrorStreamCaptureUnsupported:
    case cudaErrorStreamCaptureInvalidated:
      return "use --no-graph, and report it";
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidConfiguration:
    case cudaErrorLaunchOutOfResources:
    case cudaErrorLaunchFailure:
      return "this is a bug of spiketape; run it under compute-sanitizer and report it";
    default:
      return "";
  }
}

void check(cudaError_t status, Place place) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // a launch's error would be told again by the next call
  fail("CUDA", cudaGetErrorString(status), remedy(status), place);
}

void check(cublasStatus_t status, Place place) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  fail("cuBLAS",
       cublasGetStatusString(status),
       status == CUBLAS_STATUS_ALLOC_FAILED ? remedy(cudaErrorMemoryAllocation) : "",
       place);
}

void check(cusparseStatus_t status, Place place) {
  if (status == CUSPARSE_STATUS_SUCCESS) return;
  const bool no_memory =
      status == CUSPARSE_STATUS_ALLOC_FAILED || status == CUSPARSE_STATUS_INSUFFICIENT_RESOURCES;
  fail("cuSPARSE",
       cusparseGetErrorString(status),
       no_memory ? remedy(cudaErrorMemoryAllocation) : "",
       place);
}

}  // namespace spiketape::cuda
