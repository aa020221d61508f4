#include "core/spike_tensor.hpp"

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/replay.hpp"

namespace spiketape {
namespace {

template <typename T>
std::span<const T> view(const std::shared_ptr<const Buffer<T>>& buffer) {
  if (!buffer) return {};
  require_same_device("spike tensor: host view", kCpu, buffer->device());
  return buffer->span();
}

template <typename T>
std::shared_ptr<const Buffer<T>> moved(const std::shared_ptr<const Buffer<T>>& buffer,
                                       Device device) {
  if (!buffer || buffer->device() == device) return buffer;
  return std::make_shared<const Buffer<T>>(buffer->copy_to(device, buffer->tag()));
}

void check_sizes(std::string_view what, const UnitRows& rows, std::int64_t row_count) {
  if (!rows.offsets || rows.offsets->empty()) return;
  if (static_cast<std::int64_t>(rows.offsets->size()) != row_count + 1)
    throw ShapeError(
        fmt::format("spike tensor: {} offsets must be batch * steps + 1 = {} values, got {}",
                    what,
                    row_count + 1,
                    rows.offsets->size()));
  const std::size_t units = rows.units ? rows.units->size() : 0;
  if (static_cast<std::int64_t>(units) < rows.count())
    throw ShapeError(fmt::format(
        "spike tensor: {} offsets promise {} unit ids, got {}", what, rows.count(), units));
}

void validate_rows(std::string_view what,
                   std::span<const std::uint32_t> offsets,
                   std::span<const UnitId> units,
                   std::int64_t neurons) {
  if (offsets.empty()) return;
  if (offsets[0] != 0)
    throw DataError(
        fmt::format("spike tensor: {} offsets must start at 0, got {}", what, offsets[0]));
  for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
    if (offsets[row + 1] < offsets[row] || offsets[row + 1] > units.size())
      throw DataError(fmt::format(
          "spike tensor: {} row {} is [{}, {}) but there are {} unit ids and offsets never fall",
          what,
          row,
          offsets[row],
          offsets[row + 1],
          units.size()));
    for (std::uint32_t entry = offsets[row]; entry < offsets[row + 1]; ++entry)
      if (units[entry] >= neurons)
        throw DataError(
            fmt::format("spike tensor: {} row {} holds unit id {}; expected ids below {}",
                        what,
                        row,
                        units[entry],
                        neurons));
  }
}

std::size_t bytes_of(const UnitRows& rows) {
  return (rows.offsets ? rows.offsets->bytes() : 0) + (rows.units ? rows.units->bytes() : 0);
}

}  // namespace

std::int64_t UnitRows::count() const {
  return counted ? static_cast<std::int64_t>(*counted) : room();
}

std::int64_t UnitRows::room() const {
  if (!offsets || offsets->empty()) return 0;
  if (offsets->device() != kCpu) return units ? static_cast<std::int64_t>(units->size()) : 0;
  return (*offsets)[offsets->size() - 1];
}

UnitRows UnitRows::to(Device device) const {
  const auto entries = static_cast<std::size_t>(count());
  if (units && device != kCpu && units->device() == kCpu && units->size() > entries)
    return {moved(offsets, device),
            std::make_shared<const Buffer<UnitId>>(
                Buffer<UnitId>::copy_of(units->span().first(entries), units->tag(), device))};
  return {moved(offsets, device), moved(units, device)};
}

SpikeTensor::SpikeTensor(std::int64_t batch,
                         std::int64_t steps,
                         std::int64_t neurons,
                         UnitRows events,
                         UnitRows active,
                         std::shared_ptr<const Buffer<float>> slope)
    : batch_(batch),
      steps_(steps),
      neurons_(neurons),
      events_(std::move(events)),
      active_(std::move(active)),
      slope_(std::move(slope)) {
  if (batch < 0 || steps < 0 || neurons < 0 || neurons > kMaxNeurons || steps > kMaxSteps)
    throw ShapeError(
        fmt::format("spike tensor: expected sizes of 0 or more and at most {} steps and {} "
                    "neurons, got [{}, {}, {}]",
                    kMaxSteps,
                    kMaxNeurons,
                    batch,
                    steps,
                    neurons));
  check_sizes("event", events_, rows());
  check_sizes("active", active_, rows());
  if (slope_ && static_cast<std::int64_t>(slope_->size()) < active_count())
    throw ShapeError(fmt::format("spike tensor: expected one slope per active entry ({}), got {}",
                                 active_count(),
                                 slope_->size()));
}

SpikeTensor SpikeTensor::from_events(std::int64_t batch,
                                     std::int64_t steps,
                                     std::int64_t neurons,
                                     std::span<const Event> events) {
  SpikeTensor shape_check(batch, steps, neurons, {});
  for (const Event& e : events)
    if (e.sample < 0 || e.sample >= batch || e.step < 0 || e.step >= steps || e.neuron < 0 ||
        e.neuron >= neurons)
      throw ShapeError(
          fmt::format("spike tensor: event (sample {}, step {}, neuron {}) lies outside {}",
                      e.sample,
                      e.step,
                      e.neuron,
                      to_string(shape_check.shape())));
  if (events.size() > std::numeric_limits<std::uint32_t>::max())
    throw ShapeError(fmt::format(
        "spike tensor: {} events exceed 2^32 in one batch; use a smaller batch", events.size()));
  std::vector<Event> sorted(events.begin(), events.end());
  std::sort(sorted.begin(), sorted.end());
  auto offsets = Buffer<std::uint32_t>::zeros(static_cast<std::size_t>(batch * steps + 1));
  Buffer<UnitId> units(sorted.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    ++offsets[static_cast<std::size_t>(sorted[i].sample * steps + sorted[i].step + 1)];
    units[i] = static_cast<UnitId>(sorted[i].neuron);
  }
  for (std::size_t row = 1; row < offsets.size(); ++row) offsets[row] += offsets[row - 1];
  return {batch,
          steps,
          neurons,
          {std::make_shared<const Buffer<std::uint32_t>>(std::move(offsets)),
           std::make_shared<const Buffer<UnitId>>(std::move(units))}};
}

std::span<const std::uint32_t> SpikeTensor::event_offsets() const { return view(events_.offsets); }
std::span<const UnitId> SpikeTensor::event_units() const { return view(events_.units); }
std::span<const std::uint32_t> SpikeTensor::active_offsets() const { return view(active_.offsets); }
std::span<const UnitId> SpikeTensor::active_units() const { return view(active_.units); }
std::span<const float> SpikeTensor::slopes() const { return view(slope_); }

SpikeTensor SpikeTensor::to(Device device) const {
  if (device == this->device()) return *this;
  require_available(device);
  if (this->device() == kCpu && events_.units) require_followed(events_.units->data());
  return {batch_, steps_, neurons_, events_.to(device), active_.to(device), moved(slope_, device)};
}

Tensor SpikeTensor::to_dense() const {
  if (device() != kCpu) return to(kCpu).to_dense();
  Tensor dense(shape());
  const auto offsets = event_offsets();
  for (std::int64_t row = 0; row < rows() && !offsets.empty(); ++row)
    for (auto e = offsets[static_cast<std::size_t>(row)];
         e < offsets[static_cast<std::size_t>(row) + 1];
         ++e)
      dense.data()[row * neurons_ + event_units()[e]] += 1.0f;
  return dense;
}

Tensor SpikeTensor::active_to_dense(std::span<const float> values) const {
  if (static_cast<std::int64_t>(values.size()) != active_count())
    throw ShapeError(
        fmt::format("active_to_dense: expected {} values, one per active entry, got {}",
                    active_count(),
                    values.size()));
  if (device() != kCpu) return to(kCpu).active_to_dense(values);
  Tensor dense(shape());
  const auto offsets = active_offsets();
  for (std::int64_t row = 0; row < rows() && !offsets.empty(); ++row)
    for (auto e = offsets[static_cast<std::size_t>(row)];
         e < offsets[static_cast<std::size_t>(row) + 1];
         ++e)
      dense.data()[row * neurons_ + active_units()[e]] += values[e];
  return dense;
}

void SpikeTensor::validate() const {
  if (device() != kCpu) return to(kCpu).validate();
  validate_rows("event", event_offsets(), event_units(), neurons_);
  validate_rows("active", active_offsets(), active_units(), neurons_);
}

std::size_t SpikeTensor::bytes() const {
  return bytes_of(events_) + bytes_of(active_) + (slope_ ? slope_->bytes() : 0);
}

}  // namespace spiketape
