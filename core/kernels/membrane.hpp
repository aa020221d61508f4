#pragma once

#include <cstdint>
#include <span>

#include "core/kernels/packed_neuron.hpp"
#include "core/spike_tensor.hpp"
#include "core/synapse.hpp"

namespace spiketape {

/// A growing list of row entries: unit ids, and for the active set the distance V - threshold
/// there.
class RowArena {
 public:
  /// Makes room for `extra` more entries than count.
  void reserve(std::size_t extra, bool with_values) {
    if (units_.size() < count + extra || (with_values && values_.size() < count + extra))
      grow(extra, with_values);
  }
  const UnitId* units() const { return units_.data(); }
  UnitId* units() { return units_.data(); }
  const float* values() const { return values_.data(); }
  float* values() { return values_.data(); }

  std::size_t count = 0;

 private:
  void grow(std::size_t extra, bool with_values);

  Buffer<UnitId> units_;
  Buffer<float> values_;
};

/// The events of one sample through a linear projection; the sweep sums these weight rows itself.
struct EventTerm {
  const std::uint32_t* offsets;  ///< of the sample's row 0
  const UnitId* units;
  const float* weights;  ///< row-major, at the first of the columns
  std::int64_t stride;   ///< of weights
  float amplitude;       ///< of a spike
};

/// One sample, some columns, all steps. Currents are summed in double.
struct MembraneArguments {
  const PackedNeuron<double>& neuron;
  std::int64_t steps;
  Columns columns;
  std::span<const EventTerm> terms;
  const float* current = nullptr;  ///< further current of each step (from SampleRows), or null
  std::int64_t current_stride = 0;
  const double* bias = nullptr;  ///< constant current of the columns, padded; or null
  const float* recurrent =
      nullptr;  ///< weights [neurons, neurons] of the own spikes; needs all columns; or null
  bool want_active = false;

  RowArena& spikes;
  RowArena& active;
  std::uint32_t* spike_ends;         ///< [steps]: spikes.count after each row
  std::uint32_t* active_ends;        ///< [steps]
  double* membrane_trace = nullptr;  ///< [steps, padded(columns)] when wanted
};

namespace cpu {

/// Working memory of advance_membrane() for up to `columns` columns; serves one sample after the
/// other.
class MembraneScratch {
 public:
  MembraneScratch(std::int64_t columns, int states);

  /// Zero states and nobody to look at, for the first step of a sample of `columns` columns.
  void start(std::int64_t columns, int states);
  std::int64_t width() const { return width_; }  ///< columns padded to whole vectors
  double* membrane() { return doubles_.data(); }
  double* current() { return doubles_.data() + width_; }
  double* part() { return doubles_.data() + 2 * width_; }
  double* state(int q) { return doubles_.data() + (q + 3) * width_; }
  std::int32_t* list() { return list_.data(); }  ///< columns of whose membrane is high

  std::size_t listed = 0;  ///< entries of list()

 private:
  std::int64_t width_ = 0;
  Buffer<double> doubles_;
  Buffer<std::int32_t> list_;
};

/// Walks the steps of one sample: sums the current, advances the neurons, records spikes and active
/// set. Returns false when a state is not finite at the end (a value that is not finite never
/// becomes finite again).
bool advance_membrane(const MembraneArguments& arguments, MembraneScratch& scratch);

}  // namespace cpu
}  // namespace spiketape
