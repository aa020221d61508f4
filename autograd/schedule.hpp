#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

/// Learning rates as pure functions of the step: nothing to save, a resumed run asks for the step
/// it is at.
namespace spiketape {

/// base, always.
struct ConstantSchedule {};

/// From base down to base * final_fraction along half a cosine:
/// base (f + (1 - f) (1 + cos(pi step / total)) / 2).
struct CosineSchedule {
  float final_fraction = 0.0f;
};

/// base * factor^(step / every), the quotient rounded down.
struct StepSchedule {
  std::int64_t every = 1000;  ///< in steps, at least 1
  float factor = 0.1f;
};

using Decay = std::variant<ConstantSchedule, CosineSchedule, StepSchedule>;

/// A linear warm-up of `warm_up` steps, base (step + 1) / warm_up, before any decay; the decay then
/// sees the steps that remain: step - warm_up of total - warm_up.
struct Schedule {
  Decay decay = ConstantSchedule{};
  std::int64_t warm_up = 0;  ///< in steps, at least 0

  /// The learning rate of step `step` (0 is the first) of `total`. A step at or past `total` gives
  /// the last rate.
  /// @throws Error for a negative step or count, or a decay whose numbers make no sense.
  float rate(float base, std::int64_t step, std::int64_t total) const;
};

/// "constant", "cosine" or "step", with their default numbers. @throws Error for another name.
Decay parse_decay(std::string_view text);
std::string to_string(const Decay& decay);

}  // namespace spiketape
