#include "emulation/launch.hpp"

#include <cxxabi.h>
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "emulation/grid.hpp"
#include "emulation/sanitizer.hpp"
#include "emulation/state.hpp"

namespace cuda_emulation {
namespace {

/// The sanitizer knows every function, the dynamic linker those that are exported.
std::string kernel_name(const void* kernel) {
#ifdef SPIKETAPE_EMULATION_ASAN
  char symbol[512] = {};
  __sanitizer_symbolize_pc(const_cast<void*>(kernel), "%f", symbol, sizeof(symbol));
  if (symbol[0] != '\0') return symbol;
#endif
  Dl_info info{};
  if (dladdr(kernel, &info) == 0 || info.dli_sname == nullptr || info.dli_saddr != kernel)
    return fmt::format("at {}", kernel);
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> readable(
      abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status), &std::free);
  return status == 0 ? readable.get() : info.dli_sname;
}

cudaError_t configuration_error(const cudaLaunchConfig_t& config) {
  constexpr unsigned kMaxGridX = 2147483647;
  constexpr unsigned kMaxGridYZ = 65535;
  const dim3& grid = config.gridDim;
  const dim3& block = config.blockDim;
  const bool grid_fits = grid.x >= 1 && grid.y >= 1 && grid.z >= 1 && grid.x <= kMaxGridX &&
                         grid.y <= kMaxGridYZ && grid.z <= kMaxGridYZ;
  const bool block_fits = block.x >= 1 && block.y >= 1 && block.z >= 1 && block.x <= 1024 &&
                          block.y <= 1024 && block.z <= 64 && block.x * block.y * block.z <= 1024;
  if (!grid_fits || !block_fits || config.dynamicSmemBytes != 0)
    return cudaErrorInvalidConfiguration;
  return config.numAttrs != 0 ? cudaErrorNotSupported : cudaSuccess;
}

cudaError_t injected_error() {
  if (settings().kernel_image_missing) return cudaErrorNoKernelImageForDevice;
  return std::exchange(settings().next_launch_error, cudaSuccess);
}

}  // namespace

int card_of_launch(const cudaLaunchConfig_t* config) {
  const Lock lock;
  return config != nullptr ? card_of_stream(config->stream) : current_card();
}

void check_argument(const ArgumentPlace& place, const void* bytes, std::size_t size) {
  const Lock lock;
  for (std::size_t offset = 0; offset + sizeof(void*) <= size; offset += sizeof(void*)) {
    const void* word = nullptr;
    std::memcpy(&word, static_cast<const char*>(bytes) + offset, sizeof(word));
    if (is_host_address(word))
      throw EmulationError(
          fmt::format("argument {} of the kernel {} holds a host pointer, {} at its byte {}",
                      place.number,
                      kernel_name(place.kernel),
                      word,
                      offset));
    if (!is_device_address(word)) continue;
    const int owner = card_of(word);
    if (owner >= 0 && owner != place.card)
      throw EmulationError(
          fmt::format("argument {} of the kernel {} holds memory of card {} at its byte {}, but "
                      "runs on card {}",
                      place.number,
                      kernel_name(place.kernel),
                      owner,
                      offset,
                      place.card));
  }
}

cudaError_t launch(const cudaLaunchConfig_t* config,
                   const void* kernel,
                   std::function<void()> thread) {
  const Lock lock;
  if (config == nullptr) return record_error(cudaErrorInvalidValue);
  cudaError_t error = device_error();
  if (error == cudaSuccess) error = injected_error();
  if (error == cudaSuccess) error = configuration_error(*config);
  if (error == cudaSuccess && card_of_stream(config->stream) != current_card())
    error = cudaErrorInvalidResourceHandle;
  if (error != cudaSuccess) return record_error(refuse(config->stream, error));
  const auto run =
      [grid = config->gridDim, block = config->blockDim, kernel, thread = std::move(thread)] {
        count_launch();
        run_grid(grid, block, thread, [kernel] { return kernel_name(kernel); });
        return cudaSuccess;
      };
  return record_error(enqueue(config->stream, run));
}

}  // namespace cuda_emulation
