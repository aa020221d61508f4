#include "data/dataset.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/spike_tensor.hpp"

namespace spiketape {

void Dataset::check_sample(std::string_view operation, std::int64_t sample) const {
  if (sample < 0 || sample >= size())
    throw DataError(
        fmt::format("{}: sample {} asked for; expected 0 <= sample < {}, the size of the data set",
                    operation,
                    sample,
                    size()));
}

std::int32_t Dataset::label(std::int64_t sample) const {
  check_sample("label", sample);
  return label_of(sample);
}

std::span<const StepEvent> Dataset::events(std::int64_t sample,
                                           std::int64_t epoch,
                                           std::vector<StepEvent>& scratch) const {
  check_sample("events", sample);
  return events_of(sample, epoch, scratch);
}

void Dataset::encode(std::int64_t sample, std::vector<StepEvent>& out, std::int64_t epoch) const {
  std::vector<StepEvent> scratch;
  const auto found = events(sample, epoch, scratch);
  out.assign(found.begin(), found.end());
}

void check_dataset_sizes(std::string_view what,
                         std::int64_t steps,
                         std::int64_t neurons,
                         std::int64_t classes) {
  if (steps < 1 || steps > kMaxDataSteps)
    throw ShapeError(fmt::format("{}: expected 1 to {} steps, got {}", what, kMaxDataSteps, steps));
  if (neurons < 1 || neurons > kMaxNeurons)
    throw ShapeError(
        fmt::format("{}: expected 1 to {} neurons, got {}", what, kMaxNeurons, neurons));
  if (classes < 1)
    throw ShapeError(fmt::format("{}: expected 1 class or more, got {}", what, classes));
}

}  // namespace spiketape
