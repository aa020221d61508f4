#pragma once

#include <stdexcept>
#include <utility>

#include "core/device.hpp"

namespace spiketape {

/// Calls the definition of a kernel that belongs to `device`: dispatch<cpu::name,
/// cuda::name>(device, arguments...). A build without CUDA names the CPU's alone;
/// available_devices() keeps other devices from coming this far.
template <auto kCpuKernel, typename... Arguments>
decltype(auto) dispatch(Device device, Arguments&&... arguments) {
  if (device.kind != DeviceKind::cpu)
    throw std::logic_error("dispatch: this kernel has no definition for " + to_string(device));
  return kCpuKernel(std::forward<Arguments>(arguments)...);
}

}  // namespace spiketape
