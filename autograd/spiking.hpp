#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "autograd/current.hpp"
#include "autograd/monitor.hpp"
#include "autograd/variable.hpp"
#include "core/neuron.hpp"
#include "core/sweep.hpp"

/// The differentiable operations on spikes. Each records one entry on the tape.
namespace spiketape {

/// Runs a layer of neurons over all steps (the forward sweep) and returns its spikes [batch, step,
/// neuron].
///
/// Record 0 is the zero state; the current of step t drives step t + 1 (design section 1). Its
/// backward walks the steps down through active neurons only. Under a tape the active set is
/// recorded, else it is empty. `monitor`, when given, is added to, now and by backward.
/// @throws ShapeError when the model's coefficients do not fit; NumericError naming layer, sample,
/// step and neuron when a membrane is not finite.
SpikeVariable spike(const Current& current,
                    const NeuronModel& model,
                    const std::shared_ptr<Monitor>& monitor = nullptr);

std::string_view to_string(Score score);
/// @throws Error for a name that is not max, sum, mean or last.
Score parse_score(std::string_view text);

/// Leaky integrators without threshold: O[0] = 0, O[t+1] = decay O[t] + (1 - decay) I[t]; returns
/// scores [batch, class]. The maximum is taken over records 0..steps-1, the first one wins ties.
Variable readout(const Current& current, float decay, Score score);
/// The same integrators, every record: O as [batch, step, class]. Dense by request.
Variable readout_trace(const Current& current, float decay);

/// Spikes of each neuron over the sequence, [batch, neuron]; multiplicities count.
Variable spike_count(const SpikeVariable& spikes);

/// Drops each event of (sample, step, neuron) - or, with `whole_units`, all of a neuron's events in
/// a sample - with `probability`, and gives the survivors amplitude / (1 - probability). Which ones
/// depends on (seed, call) only, not on threads.
/// @throws Error unless 0 <= probability < 1.
SpikeVariable dropout(const SpikeVariable& spikes,
                      float probability,
                      std::uint64_t seed,
                      std::uint64_t call,
                      bool whole_units = false);

/// Likewise with call number *calls, which is then counted: a step that a card records reads it
/// anew at each replay.
SpikeVariable dropout(const SpikeVariable& spikes,
                      float probability,
                      std::uint64_t seed,
                      const std::shared_ptr<std::uint64_t>& calls,
                      bool whole_units = false);

/// Pooling: unit i becomes unit map[i] of `outputs`; several spikes of one step add up as
/// multiplicity (sum pooling).
/// @throws ShapeError when map has not one entry per neuron or points outside [0, outputs).
SpikeVariable pool(const SpikeVariable& spikes, std::span<const UnitId> map, std::int64_t outputs);

}  // namespace spiketape
