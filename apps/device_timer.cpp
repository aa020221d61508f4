#include "apps/device_timer.hpp"

#include <cstddef>
#include <utility>

#include "cuda/timer.hpp"

namespace spiketape::apps {

DeviceTimer::DeviceTimer(Device device) {
  require_available(device);
  if constexpr (kCudaBuilt)
    if (device != kCpu) card_ = std::make_shared<cuda::CardTimer>(device);
}

void DeviceTimer::mark() {
  if constexpr (kCudaBuilt)
    if (card_) return card_->mark();
  moments_.push_back(std::chrono::steady_clock::now());
}

std::vector<double> DeviceTimer::take() {
  if constexpr (kCudaBuilt)
    if (card_) return card_->take();
  const auto moments = std::exchange(moments_, {});
  std::vector<double> milliseconds;
  for (std::size_t i = 1; i < moments.size(); ++i)
    milliseconds.push_back(
        std::chrono::duration<double, std::milli>(moments[i] - moments[i - 1]).count());
  return milliseconds;
}

}  // namespace spiketape::apps
