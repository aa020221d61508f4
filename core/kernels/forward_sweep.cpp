// Reading guide: samples are independent and so are the neurons of a layer without recurrence,
// hence the work is cut into shards of samples, and where the weights outgrow the second-level
// cache also into tiles of columns. Each (shard, tile) appends its entries to an arena; at the end
// assemble() knows all counts and copies them into one SpikeTensor.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "core/kernels/current.hpp"
#include "core/kernels/membrane.hpp"
#include "core/kernels/simd.hpp"
#include "core/kernels/sweep_errors.hpp"
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
  return {current,
          PackedNeuron<double>(arguments.model, current.neurons),
          std::move(bias),
          fused_only,
          arguments.want_active,
          (whole + width - 1) / width,
          width};
}

/// Memory that the samples of a shard share, for the widest tile.
struct Workspace {
  explicit Workspace(const Sweep& sweep)
      : membrane(sweep.tile(0).count(), sweep.neuron.states),
        current(sweep.fused_only ? 0 : sweep.current.steps, sweep.tile(0).count()) {}

  MembraneScratch membrane;
  RowScratch current;
  std::vector<EventTerm> fused;
};

/// Runs one sample and tile into the arenas; false when a membrane is not finite.
bool run_sample(const Sweep& sweep,
                Workspace& workspace,
                std::int64_t sample,
                Columns columns,
                RowArena& spikes,
                RowArena& active,
                std::uint32_t* spike_ends,
                std::uint32_t* active_ends,
                double* trace = nullptr) {
  const CurrentView& current = sweep.current;
  std::vector<EventTerm>& fused = workspace.fused;
  fused.clear();
  for (const CurrentView::Term& term : current.terms) {
    if (!is_fused(term) || term.source.event_count() == 0) continue;
    fused.push_back({term.source.event_offsets().data() + sample * current.steps,
                     term.source.event_units().data(),
                     term.weight.data() + columns.begin,
                     current.neurons,
                     term.amplitude});
  }
  MembraneArguments arguments{.neuron = sweep.neuron,
                              .steps = current.steps,
                              .columns = columns,
                              .terms = fused,
                              .want_active = sweep.want_active,
                              .spikes = spikes,
                              .active = active,
                              .spike_ends = spike_ends,
                              .active_ends = active_ends,
                              .membrane_trace = trace};
  if (!sweep.fused_only) {
    const SampleRows<float> rows = workspace.current.rows(sample, 1, columns);
    fill_current(
        current, sweep.bias, [](const CurrentView::Term& term) { return !is_fused(term); }, rows);
    arguments.current = rows.data;
    arguments.current_stride = rows.stride;
  } else if (!sweep.bias.empty()) {
    arguments.bias = sweep.bias.data() + columns.begin;
  }
  if (current.recurrence != nullptr) arguments.recurrent = current.recurrence->data();
  return advance_membrane(arguments, workspace.membrane);
}

/// Runs a sample again, keeping its membranes, to say where the first one that is not finite is.
[[noreturn]] void throw_not_finite(const Sweep& sweep, std::int64_t sample, Columns columns) {
  const std::int64_t steps = sweep.current.steps;
  const std::int64_t width = padded(columns.count());
  Buffer<double> trace(static_cast<std::size_t>(steps * width), kCpu, MemoryTag::scratch);
  std::vector<std::uint32_t> ends(static_cast<std::size_t>(2 * steps));
  RowArena spikes;
  RowArena active;
  Workspace workspace(sweep);
  run_sample(sweep,
             workspace,
             sample,
             columns,
             spikes,
             active,
             ends.data(),
             ends.data() + steps,
             trace.data());
  for (std::int64_t step = 0; step < steps; ++step)
    for (std::int64_t j = 0; j < columns.count(); ++j)
      if (const double membrane = trace.data()[step * width + j]; !std::isfinite(membrane))
        throw_membrane_not_finite(sweep.current.name, sample, step, columns.begin + j, membrane);
  throw_state_not_finite(sweep.current.name, sample);
}

void run_shard(const Sweep& sweep, Shard& shard) {
  const std::int64_t steps = sweep.current.steps;
  const auto rows = static_cast<std::size_t>((shard.end - shard.begin) * steps * sweep.tiles);
  shard.spike_ends = Buffer<std::uint32_t>(rows, kCpu, MemoryTag::scratch);
  if (sweep.want_active) shard.active_ends = Buffer<std::uint32_t>(rows, kCpu, MemoryTag::scratch);
  Workspace workspace(sweep);
  std::int64_t at = 0;
  for (std::int64_t tile = 0; tile < sweep.tiles; ++tile)
    for (std::int64_t sample = shard.begin; sample < shard.end; ++sample, at += steps)
      if (!run_sample(sweep,
                      workspace,
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

/// One kind of entry of a shard: who fired, or who was active.
struct Recorded {
  const RowArena& arena;
  const Buffer<std::uint32_t>& ends;
};
Recorded spikes_of(const Shard& shard) { return {shard.spikes, shard.spike_ends}; }
Recorded active_of(const Shard& shard) { return {shard.active, shard.active_ends}; }

/// The arrays of a SpikeTensor that all shards write, each its own part.
struct Assembly {
  Buffer<std::uint32_t> offsets;
  Buffer<UnitId> units;
  Buffer<float> values;
  std::vector<std::uint64_t> begins;  ///< where each shard's entries begin

  Assembly(const CurrentView& current,
           const std::vector<Shard>& shards,
           Recorded (*of)(const Shard&),
           bool with_values)
      : offsets(static_cast<std::size_t>(current.batch * current.steps + 1)) {
    std::uint64_t total = 0;
    for (const Shard& shard : shards) {
      begins.push_back(total);
      total += of(shard).arena.count;
    }
    require_countable(current.name, total);
    offsets[0] = 0;
    units = Buffer<UnitId>(total);
    if (with_values) values = Buffer<float>(total);
  }

  /// Copies the entries of one shard into row order.
  void take(const Sweep& sweep, std::size_t index, const Shard& shard, const Recorded& recorded) {
    const std::int64_t steps = sweep.current.steps;
    const std::int64_t rows = (shard.end - shard.begin) * steps;
    const std::uint32_t* const end = recorded.ends.data();
    std::uint32_t* const offset = offsets.data() + shard.begin * steps + 1;
    auto to = static_cast<std::uint32_t>(begins[index]);
    const auto copy = [&](std::uint32_t first, std::uint32_t last) {
      std::copy(recorded.arena.units() + first, recorded.arena.units() + last, units.data() + to);
      if (!values.empty())
        std::copy(
            recorded.arena.values() + first, recorded.arena.values() + last, values.data() + to);
      to += last - first;
    };
    if (sweep.tiles == 1) {
      for (std::int64_t row = 0; row < rows; ++row) offset[row] = to + end[row];
      if (rows > 0) copy(0, end[rows - 1]);
      return;
    }
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t at = row; at < rows * sweep.tiles; at += rows)
        copy(at > 0 ? end[at - 1] : 0, end[at]);
      offset[row] = to;
    }
  }

  UnitRows rows() && {
    return {std::make_shared<const Buffer<std::uint32_t>>(std::move(offsets)),
            std::make_shared<const Buffer<UnitId>>(std::move(units))};
  }
};

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
  const bool want_active = sweep.want_active;
  Assembly events(current, shards, &spikes_of, false);
  std::optional<Assembly> active;
  if (want_active) active.emplace(current, shards, &active_of, true);
  parallel_for(static_cast<std::int64_t>(shards.size()), [&](std::int64_t task) {
    const auto index = static_cast<std::size_t>(task);
    events.take(sweep, index, shards[index], spikes_of(shards[index]));
    if (want_active) active->take(sweep, index, shards[index], active_of(shards[index]));
  });
  if (!want_active)
    return {current.batch, current.steps, current.neurons, std::move(events).rows()};
  auto slope = std::make_shared<const Buffer<float>>(std::move(active->values));
  return {current.batch,
          current.steps,
          current.neurons,
          std::move(events).rows(),
          std::move(*active).rows(),
          std::move(slope)};
}

}  // namespace spiketape::cpu
