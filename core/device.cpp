#include "core/device.hpp"

#include <atomic>
#include <charconv>

#include <fmt/format.h>

#include "core/cuda_backend.hpp"
#include "core/error.hpp"

namespace spiketape {

std::string to_string(Device device) {
  return device.kind == DeviceKind::cpu ? "cpu" : fmt::format("cuda:{}", device.index);
}

std::string device_in_words(Device device) {
  require_available(device);
  if constexpr (kCudaBuilt)
    if (device != kCpu) return fmt::format("{} ({})", to_string(device), cuda::card_name(device));
  return to_string(device);
}

Device parse_device(std::string_view text) {
  if (text == "cpu") return kCpu;
  if (text == "cuda") return {DeviceKind::cuda, 0};
  if (text.starts_with("cuda:")) {
    Device device{DeviceKind::cuda, 0};
    const char* end = text.data() + text.size();
    const auto [rest, code] = std::from_chars(text.data() + 5, end, device.index);
    if (code == std::errc{} && rest == end && device.index >= 0) return device;
  }
  throw BackendError(fmt::format("device: expected cpu, cuda or cuda:N but got '{}'", text));
}

std::vector<Device> available_devices() {
  std::vector<Device> devices = {kCpu};
  if constexpr (kCudaBuilt)
    for (const Device card : cuda::devices()) devices.push_back(card);
  return devices;
}

void require_available(Device device) {
  if (device == kCpu) return;
  if constexpr (kCudaBuilt) {
    if (const std::string reason = cuda::why_unavailable(device); !reason.empty())
      throw BackendError(fmt::format("device: {} is not available: {}", to_string(device), reason));
  } else {
    throw BackendError(fmt::format(
        "device: {} is not available: this build of spiketape has the CPU backend only; use "
        "--device cpu, or configure with the preset cuda on a machine with nvcc and a card",
        to_string(device)));
  }
}

void require_same_device(std::string_view what, Device expected, Device got) {
  if (expected == got) return;
  throw BackendError(
      fmt::format("{}: expected everything on {}, but a part is on {}; move it "
                  "there by to(device)",
                  what,
                  to_string(expected),
                  to_string(got)));
}

void synchronize(Device device) {
  if (device == kCpu) return;
  if constexpr (kCudaBuilt) cuda::synchronize(device);
}

namespace {
std::atomic<bool> deterministic_mode{false};
}  // namespace

void set_deterministic(bool on) { deterministic_mode = on; }
bool deterministic() { return deterministic_mode; }

}  // namespace spiketape
