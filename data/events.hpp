#pragma once

#include <compare>
#include <cstdint>
#include <vector>

/// The events of one sample, as data sets and encoders hand them over.
namespace spiketape {

/// Most steps that a data set may have: a step is stored in 16 bits.
inline constexpr std::int64_t kMaxDataSteps = 65536;

/// One input spike of a sample: at which step, by which unit. Four bytes. Ordered by step, then
/// unit.
struct StepEvent {
  std::uint16_t step = 0;
  std::uint16_t unit = 0;

  auto operator<=>(const StepEvent&) const = default;
};

/// Sorts events by step and keeps the order within a step (a counting sort: O(events + steps)). So
/// events listed unit by unit end up ordered by (step, unit). Every step must be below `steps`.
void sort_by_step(std::vector<StepEvent>& events, std::int64_t steps);

}  // namespace spiketape
