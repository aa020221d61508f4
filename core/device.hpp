#pragma once

#include <string>
#include <string_view>
#include <vector>

#ifndef SPIKETAPE_CUDA
#define SPIKETAPE_CUDA 0
#endif

namespace spiketape {

/// Whether this build has the CUDA backend (cuda/). The build sets it, also for those who link the
/// library.
inline constexpr bool kCudaBuilt = SPIKETAPE_CUDA != 0;

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

/// The same with the card's name: "cpu", "cuda:0 (NVIDIA H100)". @throws BackendError when the card
/// is not there.
std::string device_in_words(Device device);

/// Reads "cpu", "cuda" or "cuda:N". @throws BackendError for anything else.
Device parse_device(std::string_view text);

/// The devices that this build can use on this machine, the CPU first.
std::vector<Device> available_devices();

/// @throws BackendError when `device` is not among available_devices(); says how to get it.
void require_available(Device device);

/// @throws BackendError unless both are one device; `what` names the operation that needs it.
void require_same_device(std::string_view what, Device expected, Device got);

/// Waits until `device` has done all that it was asked to do. The CPU always has.
void synchronize(Device device);

/// Whether kernels must give the same bits from run to run. The CPU always does; on a card sums by
/// atomics are faster, so there it is off until asked for.
void set_deterministic(bool on);
bool deterministic();

}  // namespace spiketape
