#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/buffer.hpp"
#include "core/tensor.hpp"

namespace spiketape {

/// Index of a neuron in its layer. 16 bits keep events and active sets small, so a layer has at
/// most kMaxNeurons.
using UnitId = std::uint16_t;
inline constexpr std::int64_t kMaxNeurons = 65536;
/// Most steps of a sample: row numbers inside a sample fit 16 bits, too.
inline constexpr std::int64_t kMaxSteps = 65536;

/// One spike: who fired, in which sample, at which step.
struct Event {
  std::int32_t sample = 0;
  std::int32_t step = 0;
  std::int32_t neuron = 0;

  auto operator<=>(const Event&) const = default;
};

/// Compressed rows of unit ids: the entries of row r are [offsets[r], offsets[r+1]). Both arrays
/// are on one device. Copies share the arrays.
struct UnitRows {
  std::shared_ptr<const Buffer<std::uint32_t>>
      offsets;                                  ///< rows + 1 values, or null when there are no rows
  std::shared_ptr<const Buffer<UnitId>> units;  ///< on a card exactly the entries, unless `counted`
  /// In a step that a card records (core/replay.hpp) the host learns after each replay how many
  /// entries there are, and `units` have more room; else null.
  std::shared_ptr<const std::uint64_t> counted = nullptr;

  /// How many entries there are.
  std::int64_t count() const;
  /// The length of arrays that have a place for each entry: count(), or more while it is not known.
  std::int64_t room() const;
  UnitRows to(Device device) const;
};

/// Spikes of a batch as a sparse object of shape [batch, step, neuron]; row index = sample * steps
/// + step.
///
///  - events: who fired. A unit id may repeat in a row (multiplicity): several spikes at once.
///  - active set: whose membrane was inside the window of the threshold, and the slope dS/dV there.
///    Only these may receive gradient. Input data have events and an empty active set.
///
/// A gradient with respect to a SpikeTensor is one float per active entry, in the order of the
/// active set. Immutable; copies share the arrays. Source: Perez-Nieves & Goodman 2021,
/// sections 3.1-3.2.
class SpikeTensor {
 public:
  /// No samples, no steps, no neurons.
  SpikeTensor() = default;
  /// Takes arrays that a kernel made. `slope` has one value per active entry, or is null when the
  /// producer needs none. Only sizes are checked here; validate() checks the contents.
  /// @throws ShapeError when sizes do not fit together or neurons exceeds kMaxNeurons or steps
  /// kMaxSteps.
  SpikeTensor(std::int64_t batch,
              std::int64_t steps,
              std::int64_t neurons,
              UnitRows events,
              UnitRows active = {},
              std::shared_ptr<const Buffer<float>> slope = nullptr);
  /// From events in any order; within a row the ids end up sorted.
  /// @throws ShapeError when an event lies outside [batch, steps, neurons]; names the event.
  static SpikeTensor from_events(std::int64_t batch,
                                 std::int64_t steps,
                                 std::int64_t neurons,
                                 std::span<const Event> events);

  std::int64_t batch() const { return batch_; }
  std::int64_t steps() const { return steps_; }
  std::int64_t neurons() const { return neurons_; }
  std::int64_t rows() const { return batch_ * steps_; }
  /// Where the arrays are; a tensor without rows is at home on the CPU.
  Device device() const { return events_.offsets ? events_.offsets->device() : kCpu; }
  /// These spikes on `device`; shares the arrays when they are there already.
  SpikeTensor to(Device device) const;
  /// [batch, steps, neurons]
  Shape shape() const { return {batch_, steps_, neurons_}; }

  std::int64_t event_count() const { return events_.count(); }
  std::int64_t active_count() const { return active_.count(); }
  const UnitRows& events() const { return events_; }
  const UnitRows& active() const { return active_; }
  const std::shared_ptr<const Buffer<float>>& slope() const { return slope_; }

  /// Host views; offsets are empty when there are no rows (events) or there is no active set
  /// (active). @throws BackendError unless on the CPU.
  std::span<const std::uint32_t> event_offsets() const;
  std::span<const UnitId> event_units() const;
  std::span<const std::uint32_t> active_offsets() const;
  std::span<const UnitId> active_units() const;
  std::span<const float> slopes() const;

  /// Spike counts as a dense [batch, step, neuron] tensor on the CPU: for people and tests, no op
  /// calls it.
  Tensor to_dense() const;
  /// `values` (host, one per active entry) spread over a dense [batch, step, neuron] tensor on the
  /// CPU; zero elsewhere. For people and tests.
  Tensor active_to_dense(std::span<const float> values) const;
  /// Checks offsets (start at 0, never fall) and ids (below neurons), of events and active set.
  /// @throws DataError naming the first row that breaks a rule.
  void validate() const;
  /// Bytes of all arrays.
  std::size_t bytes() const;

 private:
  std::int64_t batch_ = 0;
  std::int64_t steps_ = 0;
  std::int64_t neurons_ = 0;
  UnitRows events_;
  UnitRows active_;
  std::shared_ptr<const Buffer<float>> slope_;
};

}  // namespace spiketape
