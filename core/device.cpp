#include "core/device.hpp"

#include <charconv>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {

std::string to_string(Device device) {
  return device.kind == DeviceKind::cpu ? "cpu" : fmt::format("cuda:{}", device.index);
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

std::vector<Device> available_devices() { return {kCpu}; }

void require_available(Device device) {
  for (const Device known : available_devices())
    if (known == device) return;
  throw BackendError(
      fmt::format("device: {} is not available; this build of spiketape has the CPU backend only, "
                  "use --device cpu",
                  to_string(device)));
}

}  // namespace spiketape
