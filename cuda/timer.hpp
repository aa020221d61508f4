#pragma once

#include <memory>
#include <vector>

#include "core/device.hpp"

namespace spiketape::cuda {

/// Moments in the order of a card's work, taken by the card itself: marking one waits for nothing.
class CardTimer {
 public:
  explicit CardTimer(Device device);
  ~CardTimer();
  CardTimer(const CardTimer&) = delete;
  CardTimer& operator=(const CardTimer&) = delete;

  /// The moment when all work asked for so far is done.
  void mark();
  /// Milliseconds from each mark to the next; waits for the last one, and forgets them.
  std::vector<double> take();

 private:
  struct Marks;
  Device device_;
  std::unique_ptr<Marks> marks_;
};

}  // namespace spiketape::cuda
