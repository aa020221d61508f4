#include "data/augment.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/random.hpp"
#include "core/spike_tensor.hpp"

namespace spiketape {
namespace {

float unit_interval(std::uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

/// Standard normal from two words (Box-Muller).
float normal(std::uint32_t a, std::uint32_t b) {
  const float radius = std::sqrt(-2.0f * std::log(1.0f - unit_interval(a)));
  return radius * std::cos(2.0f * std::numbers::pi_v<float> * unit_interval(b));
}

/// Uniform among -bound .. bound.
std::int64_t symmetric(std::uint32_t bits, std::int64_t bound) {
  const auto count = static_cast<std::uint64_t>(2 * bound + 1);
  return static_cast<std::int64_t>((bits * count) >> 32) - bound;
}

void require(bool holds, const char* name, const char* expected, double value) {
  if (!holds)
    throw DataError(fmt::format("augmentation: {}: expected {}, got {}", name, expected, value));
}

}  // namespace

bool AugmentOptions::any() const {
  return blend != 0.0 || stretch != 0.0 || shift != 0 || jitter != 0.0 || drop != 0.0;
}

/// Where an event lies, or by how much it moves. Planes (polarities) stay apart.
struct AugmentedDataset::Place {
  double step = 0.0;
  double x = 0.0;
  double y = 0.0;
};

/// What happens to the events of one recording.
struct AugmentedDataset::Draw {
  std::uint64_t stream;
  std::uint64_t first_counter;  ///< of the events' own draws
  float keep;                   ///< probability
  double factor;                ///< of time
  std::int64_t late;            ///< added to steps, before the stretch
  std::int64_t x;
  std::int64_t y;
};

AugmentedDataset::AugmentedDataset(const Dataset& dataset,
                                   std::span<const std::int64_t> samples,
                                   const AugmentOptions& options)
    : dataset_(dataset),
      options_(options),
      width_(options.sensor.width > 0 ? options.sensor.width : dataset.neurons()),
      height_(options.sensor.height > 0 ? options.sensor.height : 1),
      of_class_(static_cast<std::size_t>(dataset.classes())) {
  const double most_jitter = static_cast<double>(kMaxDataSteps);
  require(options.blend >= 0.0 && options.blend <= 1.0,
          "blend",
          "a probability, 0 to 1",
          options.blend);
  require(options.drop >= 0.0 && options.drop < 1.0, "drop", "a probability below 1", options.drop);
  require(options.stretch >= 0.0 && options.stretch < 1.0,
          "stretch",
          "a fraction, 0 or more and below 1",
          options.stretch);
  require(options.jitter >= 0.0 && options.jitter <= most_jitter,
          "jitter",
          "0 to 65536 steps",
          options.jitter);
  require(options.shift >= 0 && options.shift <= kMaxNeurons,
          "shift",
          "0 to 65536 units",
          static_cast<double>(options.shift));
  if (dataset.neurons() % (width_ * height_) != 0)
    throw DataError(
        fmt::format("augmentation: a sensor of {} x {} does not divide the data set's {} units",
                    width_,
                    height_,
                    dataset.neurons()));
  for (const std::int64_t sample : samples)
    of_class_[static_cast<std::size_t>(dataset.label(sample))].push_back(sample);
  const auto key = random_bits(options.seed, random_stream("augment"), 0);
  key_ = (static_cast<std::uint64_t>(key[0]) << 32) | key[1];
}

AugmentedDataset::Place AugmentedDataset::place(StepEvent event) const {
  return {static_cast<double>(event.step),
          static_cast<double>(event.unit % width_),
          static_cast<double>(event.unit / width_ % height_)};
}

AugmentedDataset::Place AugmentedDataset::centre(std::span<const StepEvent> events) const {
  Place sum;
  for (const StepEvent& event : events) {
    const Place at = place(event);
    sum.step += at.step;
    sum.x += at.x;
    sum.y += at.y;
  }
  const auto count = static_cast<double>(events.size());
  return {sum.step / count, sum.x / count, sum.y / count};
}

void AugmentedDataset::move(std::span<const StepEvent> events,
                            const Draw& draw,
                            std::vector<StepEvent>& out) const {
  const auto jitter = static_cast<float>(options_.jitter);
  const bool draws = draw.keep < 1.0f || jitter > 0.0f;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const StepEvent event = events[i];
    auto step = static_cast<std::int64_t>(
        std::floor(static_cast<double>(event.step + draw.late) * draw.factor));
    if (draws) {
      const auto bits = random_bits(key_, draw.stream, draw.first_counter + i);
      if (unit_interval(bits[0]) >= draw.keep) continue;
      if (jitter > 0.0f) step += std::lround(jitter * normal(bits[1], bits[2]));
    }
    const std::int64_t x = event.unit % width_ + draw.x;
    const std::int64_t y = event.unit / width_ % height_ + draw.y;
    if (step < 0 || step >= steps() || x < 0 || x >= width_ || y < 0 || y >= height_) continue;
    const std::int64_t plane = event.unit / (width_ * height_);
    out.push_back({static_cast<std::uint16_t>(step),
                   static_cast<std::uint16_t>(x + width_ * (y + height_ * plane))});
  }
}

std::span<const StepEvent> AugmentedDataset::events_of(std::int64_t sample,
                                                       std::int64_t epoch,
                                                       std::vector<StepEvent>& scratch) const {
  std::vector<StepEvent> room;
  const std::span<const StepEvent> events = dataset_.events(sample, epoch, room);

  const std::uint64_t stream =
      (static_cast<std::uint64_t>(epoch) << 32) ^ static_cast<std::uint64_t>(sample);
  const auto moves = random_bits(key_, stream, 0);
  const auto blends = random_bits(key_, stream, 1);
  Draw draw{.stream = stream,
            .first_counter = 2,
            .keep = static_cast<float>(1.0 - options_.drop),
            .factor = 1.0 + options_.stretch * (2.0 * unit_interval(moves[0]) - 1.0),
            .late = 0,
            .x = symmetric(moves[1], options_.shift),
            .y = height_ > 1 ? symmetric(moves[2], options_.shift) : 0};

  scratch.clear();
  const auto& others = of_class_[static_cast<std::size_t>(dataset_.label(sample))];
  if (!others.empty() && unit_interval(blends[0]) < options_.blend) {
    const auto drawn = (blends[1] * static_cast<std::uint64_t>(others.size())) >> 32;
    std::vector<StepEvent> other_room;
    const auto other = dataset_.events(others[drawn], epoch, other_room);
    draw.keep *= 0.5f;
    move(events, draw, scratch);
    if (!events.empty() && !other.empty()) {
      const Place here = centre(events);
      const Place there = centre(other);
      draw.first_counter += events.size();
      draw.late = std::lround(here.step - there.step);
      draw.x += std::lround(here.x - there.x);
      draw.y += std::lround(here.y - there.y);
    }
    move(other, draw, scratch);
  } else {
    move(events, draw, scratch);
  }
  std::sort(scratch.begin(), scratch.end());
  if (options_.merge_repeats)
    scratch.erase(std::unique(scratch.begin(), scratch.end()), scratch.end());
  return scratch;
}

}  // namespace spiketape
