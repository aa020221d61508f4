#include "data/events.hpp"

#include <cstddef>

namespace spiketape {

void sort_by_step(std::vector<StepEvent>& events, std::int64_t steps) {
  std::vector<std::uint32_t> place(static_cast<std::size_t>(steps) + 1, 0);
  for (const StepEvent& event : events) ++place[event.step + std::size_t{1}];
  for (std::size_t step = 1; step < place.size(); ++step) place[step] += place[step - 1];
  std::vector<StepEvent> sorted(events.size());
  for (const StepEvent& event : events) sorted[place[event.step]++] = event;
  events.swap(sorted);
}

}  // namespace spiketape
