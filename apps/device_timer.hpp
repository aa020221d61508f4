#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "core/device.hpp"

namespace spiketape::cuda {
class CardTimer;
}

namespace spiketape::apps {

/// Times the phases of what a device does: by the clock on the CPU, by the card's own events on a
/// card, where a call returns before its work is done.
///
///     timer.mark();  forward();  timer.mark();  backward();  timer.mark();
///     timer.take();  // {forward, backward}
class DeviceTimer {
 public:
  explicit DeviceTimer(Device device);

  /// The moment when all that was asked of the device is done.
  void mark();
  /// Milliseconds from each mark to the next; waits for the last one, and forgets them.
  std::vector<double> take();

 private:
  std::vector<std::chrono::steady_clock::time_point> moments_;  ///< on the CPU
  std::shared_ptr<cuda::CardTimer> card_;                       ///< else null
};

}  // namespace spiketape::apps
