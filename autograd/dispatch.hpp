#pragma once

#include <stdexcept>
#include <utility>

#include "core/device.hpp"

namespace spiketape {

/// Calls the definition of a kernel that belongs to `device`: dispatch<cpu::name,
/// cuda::name>(device, arguments...). Both are declared together in core/; a build without CUDA
/// defines the CPU's alone, and available_devices() keeps other devices from coming this far.
template <auto kCpuKernel, auto kCudaKernel, typename... Arguments>
decltype(auto) dispatch(Device device, Arguments&&... arguments) {
  if (device.kind == DeviceKind::cpu) return kCpuKernel(std::forward<Arguments>(arguments)...);
  if constexpr (kCudaBuilt)
    return kCudaKernel(std::forward<Arguments>(arguments)...);
  else
    throw std::logic_error("dispatch: this build has no kernel for " + to_string(device));
}

}  // namespace spiketape
