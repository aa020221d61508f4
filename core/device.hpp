#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spiketape {

enum class DeviceKind { cpu, cuda };

/// Where numbers live and kernels run.
struct Device {
  DeviceKind kind = DeviceKind::cpu;
  int index = 0;

  bool operator==(const Device&) const = default;
};

inline constexpr Device kCpu{};

/// "cpu", "cuda:0", ...
std::string to_string(Device device);

/// Reads "cpu", "cuda" or "cuda:N". @throws BackendError for anything else.
Device parse_device(std::string_view text);

/// The devices that this build can use on this machine, the CPU first.
std::vector<Device> available_devices();

/// @throws BackendError when `device` is not among available_devices(); says how to get it.
void require_available(Device device);

}  // namespace spiketape
