#pragma once

#include <utility>
#include <vector>

#include "core/error.hpp"
#include "data/dataset.hpp"

namespace spiketape::testing {

/// Ten samples on [4, 3]. Sample 0 is fine, sample 1 has the events given, sample 5 cannot be read.
class BrokenDataset : public Dataset {
 public:
  explicit BrokenDataset(std::vector<StepEvent> events = {}) : events_(std::move(events)) {}

  std::int64_t size() const override { return 10; }
  std::int64_t steps() const override { return 4; }
  std::int64_t neurons() const override { return 3; }
  std::int64_t classes() const override { return 10; }

 private:
  std::int32_t label_of(std::int64_t sample) const override {
    return static_cast<std::int32_t>(sample);
  }
  std::span<const StepEvent> events_of(std::int64_t sample,
                                       std::int64_t /*epoch*/,
                                       std::vector<StepEvent>& scratch) const override {
    if (sample == 5) throw DataError("sample 5 cannot be read");
    if (sample == 1) return events_;
    scratch.assign(1, {static_cast<std::uint16_t>(sample % 4), 2});
    return scratch;
  }

  std::vector<StepEvent> events_;
};

}  // namespace spiketape::testing
