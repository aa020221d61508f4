#include "autograd/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

double fraction(const ConstantSchedule& /*decay*/, std::int64_t /*step*/, std::int64_t /*total*/) {
  return 1.0;
}

double fraction(const CosineSchedule& decay, std::int64_t step, std::int64_t total) {
  const auto lowest = static_cast<double>(decay.final_fraction);
  if (!(lowest >= 0.0 && lowest <= 1.0))
    throw Error(fmt::format("cosine schedule: expected final_fraction in [0, 1], got {}", lowest));
  const double progress = total == 0 ? 1.0 : static_cast<double>(step) / static_cast<double>(total);
  return lowest + (1.0 - lowest) * 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
}

double fraction(const StepSchedule& decay, std::int64_t step, std::int64_t /*total*/) {
  if (decay.every < 1 || !(decay.factor > 0.0f) || !std::isfinite(decay.factor))
    throw Error(
        fmt::format("step schedule: expected every >= 1 and a finite factor above 0, got {} and {}",
                    decay.every,
                    decay.factor));
  const std::int64_t decays = step / decay.every;
  return std::pow(static_cast<double>(decay.factor), static_cast<double>(decays));
}

}  // namespace

float Schedule::rate(float base, std::int64_t step, std::int64_t total) const {
  if (step < 0 || total < 0 || warm_up < 0)
    throw Error(
        fmt::format("schedule: expected step, total and warm_up of at least 0, got {}, {} and {}",
                    step,
                    total,
                    warm_up));
  const std::int64_t after =
      std::clamp<std::int64_t>(step - warm_up, 0, std::max<std::int64_t>(0, total - warm_up));
  const double decayed = std::visit(
      [&](const auto& kind) {
        return fraction(kind, after, std::max<std::int64_t>(0, total - warm_up));
      },
      decay);
  if (step < warm_up)
    return static_cast<float>(static_cast<double>(base) * static_cast<double>(step + 1) /
                              static_cast<double>(warm_up));
  return static_cast<float>(static_cast<double>(base) * decayed);
}

Decay parse_decay(std::string_view text) {
  if (text == "constant") return ConstantSchedule{};
  if (text == "cosine") return CosineSchedule{};
  if (text == "step") return StepSchedule{};
  throw Error(fmt::format("schedule: expected constant, cosine or step, got '{}'", text));
}

std::string to_string(const Decay& decay) {
  if (std::holds_alternative<ConstantSchedule>(decay)) return "constant";
  return std::holds_alternative<CosineSchedule>(decay) ? "cosine" : "step";
}

}  // namespace spiketape
