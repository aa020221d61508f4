#include "cuda/timer.hpp"

#include <cstddef>
#include <utility>

#include "cuda/context.hpp"

namespace spiketape::cuda {

struct CardTimer::Marks {
  std::vector<Event> events;
};

CardTimer::CardTimer(Device device) : device_(device), marks_(std::make_unique<Marks>()) {}
CardTimer::~CardTimer() = default;

void CardTimer::mark() {
  const Context& context = Context::use(device_);
  marks_->events.push_back(Event::make(&cudaEventCreateWithFlags, unsigned{cudaEventDefault}));
  check(cudaEventRecord(marks_->events.back().get(), context.stream()));
}

std::vector<double> CardTimer::take() {
  Context::use(device_);
  const std::vector<Event> events = std::exchange(marks_->events, {});
  if (!events.empty()) check(cudaEventSynchronize(events.back().get()));
  std::vector<double> milliseconds;
  for (std::size_t i = 1; i < events.size(); ++i) {
    float between = 0.0f;
    check(cudaEventElapsedTime(&between, events[i - 1].get(), events[i].get()));
    milliseconds.push_back(static_cast<double>(between));
  }
  return milliseconds;
}

}  // namespace spiketape::cuda
