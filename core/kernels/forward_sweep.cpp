// Reading guide: samples are independent and so are the neurons of a layer without recurrence,
// hence the work is cut into shards of samples, and where the weights outgrow the second-level
// cache also into tiles of columns. Each (shard, tile) appends its entries to an arena; at the end
// assemble() knows all counts and copies them into one SpikeTensor.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/kernels/current.hpp"
#include "core/kernels/membrane.hpp"
#include "core/kernels/scaled_weights.hpp"
#include "core/kernels/simd.hpp"
#include "core/parallel.hpp"
#include "core/sweep.hpp"

namespace spiketape::cpu {
namespace {

/// Floats of weights that a tile of columns may use of the second-level cache (1 MiB).
constexpr std::int64_t kWeightTileFloats = 256 * 1024;

/// What one shard of samples recorded: row ends count within the arenas, laid out
/// [tile][sample][step].
struct Shard {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  RowArena spikes;
  RowArena active;
  Buffer<std::uint32_t> spike_ends;
  Buffer<std::uint32_t> active_ends;
};

/// Everything a shard needs to run; shared and constant.
struct Sweep {
  const CurrentView& current;
  const PackedNeuron<double> neuron;
  const Buffer<double> bias;
  const ScaledWeights scaled;
  bool fused_only;  ///< every term is summed by the membrane kernel itself
  bool want_active;
  std::int64_t tiles;
  std::int64_t tile_width;

  Columns tile(std::int64_t index) const {
    return {index * tile_width, std::min(current.neurons, (index + 1) * tile_width)};
  }
};

bool is_fused(const CurrentView::Term& term) { return term.synapse.sums_weight_rows(term.source); }

Sweep plan(const ForwardSweepArguments& arguments) {
  const CurrentView& current = arguments.current;
  std::int64_t inputs = 0;
  bool fused_only = true;
  for (const CurrentView::Term& term : current.terms) {
    inputs += term.synapse.inputs();
    fused_only &= is_fused(term);
  }
  const std::int64_t whole = padded(current.neurons);
  // Own spikes drive every neuron one step later, so a recurrent layer cannot be cut into columns.
  const std::int64_t wanted =
      current.recurrence != nullptr ? 1 : inputs * whole / kWeightTileFloats + 1;
  const std::int64_t width = std::max(padded((whole + wanted - 1) / wanted), kRowAlignment);
  Buffer<double> bias = total_bias(current);
  ScaledWeights scaled = scale_weights(current, bias);
  return {current,
          PackedNeuron<double>(arguments.model, current.neurons),
          std::move(bias),
          std::move(scaled),
          fused_only,
          arguments.want_active,
          (whole + width - 1) / width,
          width};
}

/// Runs one sample and tile into the arenas; false when a membrane is not finite.
bool run_sample(const Sweep& sweep,
                std::int64_t sample,
                Columns columns,
                RowArena& spikes,
                RowArena& active,
                std::uint32_t* spike_ends,
                std::uint32_t* active_ends,
                double* trace = nullptr) {
  const CurrentView& current = sweep.current;
  const ScaledWeights& scaled = sweep.scaled;
  std::vector<EventTerm> fused;
  for (std::size_t i = 0; i < current.terms.size(); ++i) {
    const CurrentView::Term& term = current.terms[i];
    if (!is_fused(term) || term.source.event_count() == 0) continue;
    fused.push_back({term.source.event_offsets().data() + sample * current.steps,
                     term.source.event_units().data(),
                     term.weight.data() + columns.begin,
                     scaled.quantum > 0.0 ? scaled.terms[i].data() + columns.begin : nullptr,
                     current.neurons,
                     term.amplitude});
  }
  RowScratch scratch(sweep.fused_only ? 0 : current.steps, columns.count());
  MembraneArguments arguments{.neuron = sweep.neuron,
                              .steps = current.steps,
                              .columns = columns,
                              .terms = fused,
                              .quantum = scaled.quantum,
                              .scaled_stride = scaled.stride,
                              .want_active = sweep.want_active,
                              .spikes = spikes,
                              .active = active,
                              .spike_ends = spike_ends,
                              .active_ends = active_ends,
                              .membrane_trace = trace};
  if (!sweep.fused_only) {
    const SampleRows<float> rows = scratch.rows(sample, 1, columns);
    fill_current(
        current, sweep.bias, [](const CurrentView::Term& term) { return !is_fused(term); }, rows);
    arguments.current = rows.data;
    arguments.current_stride = rows.stride;
  } else if (!sweep.bias.empty()) {
    arguments.bias = sweep.bias.data() + columns.begin;
  }
  if (!scaled.bias.empty()) arguments.scaled_bias = scaled.bias.data() + columns.begin;
  if (!scaled.recurrence.empty()) arguments.scaled_recurrent = scaled.recurrence.data();
  if (current.recurrence != nullptr) arguments.recurrent = current.recurrence->data();
  return advance_membrane(arguments);
}

/// Runs a sample again, keeping its membranes, to say where the first one that is not finite is.
[[noreturn]] void throw_not_finite(const Sweep& sweep, std::int64_t sample, Columns columns) {
  const std::int64_t steps = sweep.current.steps;
  const std::int64_t width = padded(columns.count());
  Buffer<double> trace(static_cast<std::size_t>(steps * width), kCpu, MemoryTag::scratch);
  std::vector<std::uint32_t> ends(static_cast<std::size_t>(2 * steps));
  RowArena spikes;
  RowArena active;
  run_sample(
      sweep, sample, columns, spikes, active, ends.data(), ends.data() + steps, trace.data());
  for (std::int64_t step = 0; step < steps; ++step)
    for (std::int64_t j = 0; j < columns.count(); ++j)
      if (const double membrane = trace.data()[step * width + j]; !std::isfinite(membrane))
        throw NumericError(
            fmt::format("{}: the membrane of sample {}, step {}, neuron {} is {}; expected finite "
                        "numbers, check the "
                        "weights and the learning rate",
                        sweep.current.name,
                        sample,
                        step,
                        columns.begin + j,
                        membrane));
  throw NumericError(fmt::format(
      "{}: a state of sample {} is not finite at the last step; check the weights and the "
      "learning rate",
      sweep.current.name,
      sample));
}

void run_shard(const Sweep& sweep, Shard& shard) {
  const std::int64_t steps = sweep.current.steps;
  const auto rows = static_cast<std::size_t>((shard.end - shard.begin) * steps * sweep.tiles);
  shard.spike_ends = Buffer<std::uint32_t>(rows, kCpu, MemoryTag::scratch);
  if (sweep.want_active) shard.active_ends = Buffer<std::uint32_t>(rows, kCpu, MemoryTag::scratch);
  std::int64_t at = 0;
  for (std::int64_t tile = 0; tile < sweep.tiles; ++tile)
    for (std::int64_t sample = shard.begin; sample < shard.end; ++sample, at += steps)
      if (!run_sample(sweep,
                      sample,
                      sweep.tile(tile),
                      shard.spikes,
                      shard.active,
                      shard.spike_ends.data() + at,
                      sweep.want_active ? shard.active_ends.data() + at : nullptr))
        throw_not_finite(sweep, sample, sweep.tile(tile));
}

/// The slope of each value of a shard's active set, in place of its distance from the threshold.
void distances_to_slopes(const NeuronModel& model, RowArena& active) {
  std::visit(
      [&](const auto& surrogate) {
        float* const values = active.values();
        for (std::size_t e = 0; e < active.count; ++e) values[e] = surrogate(values[e]);
      },
      model.surrogate);
}

/// Offsets of all rows from the row ends of all shards and tiles.
std::shared_ptr<const Buffer<std::uint32_t>> assemble_offsets(const Sweep& sweep,
                                                              const std::vector<Shard>& shards,
                                                              Buffer<std::uint32_t> Shard::*ends) {
  const std::int64_t steps = sweep.current.steps;
  auto offsets = Buffer<std::uint32_t>(static_cast<std::size_t>(sweep.current.batch * steps + 1));
  std::uint64_t total = 0;
  offsets[0] = 0;
  for (const Shard& shard : shards) {
    const std::uint32_t* const from = (shard.*ends).data();
    const std::int64_t rows = (shard.end - shard.begin) * steps;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t tile = 0; tile < sweep.tiles; ++tile) {
        const std::int64_t at = tile * rows + row;
        total += from[at] - (at > 0 ? from[at - 1] : 0);
      }
      offsets[static_cast<std::size_t>(shard.begin * steps + row + 1)] =
          static_cast<std::uint32_t>(total);
    }
  }
  if (total > std::numeric_limits<std::uint32_t>::max())
    throw ShapeError(fmt::format(
        "{}: {} entries exceed 2^32 in one batch; use a smaller batch", sweep.current.name, total));
  return std::make_shared<const Buffer<std::uint32_t>>(std::move(offsets));
}

/// Copies entries of `from` into row order.
template <typename T>
std::shared_ptr<const Buffer<T>> assemble(const Sweep& sweep,
                                          const std::vector<Shard>& shards,
                                          const Buffer<std::uint32_t>& offsets,
                                          Buffer<std::uint32_t> Shard::*ends,
                                          const std::function<const T*(const Shard&)>& from) {
  Buffer<T> all(offsets[offsets.size() - 1]);
  parallel_for(static_cast<std::int64_t>(shards.size()), [&](std::int64_t index) {
    const Shard& shard = shards[static_cast<std::size_t>(index)];
    const std::int64_t rows = (shard.end - shard.begin) * sweep.current.steps;
    T* to = all.data() + offsets[static_cast<std::size_t>(shard.begin * sweep.current.steps)];
    if (rows == 0) return;
    const std::uint32_t* const end = (shard.*ends).data();
    if (sweep.tiles == 1) {
      std::copy_n(from(shard), end[rows - 1], to);
      return;
    }
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t at = row; at < rows * sweep.tiles; at += rows) {
        const std::uint32_t first = at > 0 ? end[at - 1] : 0;
        to = std::copy_n(from(shard) + first, end[at] - first, to);
      }
  });
  return std::make_shared<const Buffer<T>>(std::move(all));
}

}  // namespace

SpikeTensor forward_sweep(const ForwardSweepArguments& arguments) {
  const CurrentView& current = arguments.current;
  const Sweep sweep = plan(arguments);
  const std::int64_t grain = sweep.tiles > 1 ? 32 : 4;
  std::vector<Shard> shards(static_cast<std::size_t>((current.batch + grain - 1) / grain));
  if (current.steps > 0)
    parallel_for(static_cast<std::int64_t>(shards.size()), [&](std::int64_t index) {
      Shard& shard = shards[static_cast<std::size_t>(index)];
      shard.begin = index * grain;
      shard.end = std::min(current.batch, (index + 1) * grain);
      run_shard(sweep, shard);
      if (sweep.want_active) distances_to_slopes(arguments.model, shard.active);
    });
  UnitRows events;
  events.offsets = assemble_offsets(sweep, shards, &Shard::spike_ends);
  events.units =
      assemble<UnitId>(sweep, shards, *events.offsets, &Shard::spike_ends, [](const Shard& shard) {
        return shard.spikes.units();
      });
  if (!sweep.want_active) return {current.batch, current.steps, current.neurons, std::move(events)};
  UnitRows active;
  active.offsets = assemble_offsets(sweep, shards, &Shard::active_ends);
  active.units =
      assemble<UnitId>(sweep, shards, *active.offsets, &Shard::active_ends, [](const Shard& shard) {
        return shard.active.units();
      });
  auto slope =
      assemble<float>(sweep, shards, *active.offsets, &Shard::active_ends, [](const Shard& shard) {
        return shard.active.values();
      });
  return {current.batch,
          current.steps,
          current.neurons,
          std::move(events),
          std::move(active),
          std::move(slope)};
}

}  // namespace spiketape::cpu
