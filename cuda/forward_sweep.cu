#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/error.hpp"
#include "core/kernels/sweep_errors.hpp"
#include "cuda/bias.hpp"
#include "cuda/recorded_rows.cuh"
#include "cuda/recording.hpp"
#include "cuda/sweep_store.cuh"

namespace spiketape::cuda {
namespace {

/// The blocks of a sweep over `samples` samples.
template <int kStates, bool kRecurrent, int kPerThread>
void launch_sweep(const Context& context,
                  const ForwardKernelArguments& arguments,
                  const NeuronView<double, kStates>& neuron,
                  std::int64_t samples) {
  const std::int64_t padded_neurons = arguments.record.words * kWarp;
  const std::int64_t threads =
      std::min<std::int64_t>(padded_neurons, kRecurrent ? 1024 : kForwardThreads);
  const unsigned tiles = kRecurrent ? 1 : blocks_for(padded_neurons, threads);
  launch(sweep_forward_kernel<kStates, kRecurrent, kPerThread>,
         {.grid = dim3(static_cast<unsigned>(samples), tiles),
          .block = static_cast<unsigned>(threads),
          .stream = context.stream()},
         arguments,
         neuron);
}

template <int kStates>
void launch_any(const Context& context,
                const ForwardKernelArguments& arguments,
                const NeuronView<double, kStates>& neuron,
                std::int64_t samples) {
  if (arguments.recurrent == nullptr)
    launch_sweep<kStates, false, 1>(context, arguments, neuron, samples);
  else if (arguments.neurons <= 1024)
    launch_sweep<kStates, true, 1>(context, arguments, neuron, samples);
  else if (arguments.neurons <= 4096)
    launch_sweep<kStates, true, 4>(context, arguments, neuron, samples);
  else
    launch_sweep<kStates, true, 64>(context, arguments, neuron, samples);
}

/// Everything of a sweep but the record.
struct Plan {
  explicit Plan(const ForwardSweepArguments& arguments)
      : current(arguments.current),
        neuron(arguments.model, arguments.current.neurons, arguments.current.device),
        bias(total_bias(arguments.current)),
        terms(arguments.current) {
    kernel.steps = current.steps;
    kernel.neurons = current.neurons;
    kernel.bias = bias.empty() ? nullptr : bias.data();
    kernel.recurrent = current.recurrence != nullptr ? current.recurrence->data() : nullptr;
    kernel.threshold = arguments.model.threshold;
    kernel.lowest = arguments.model.threshold - arguments.model.window;
    kernel.highest = arguments.model.threshold + arguments.model.window;
    kernel.terms = terms.by_events;
  }

  void run(const Context& context, const SweepRecord& record, SweepStatus* status) const {
    ForwardKernelArguments arguments = kernel;
    arguments.record = record;
    arguments.not_finite = &status->not_finite;
    arguments.spoiled = record.spikes.spoiled;
    neuron.visit([&](const auto& view) {
      if (terms.chunked.empty()) {
        launch_any(context, arguments, view, current.batch);
        return;
      }
      for_each_chunk(current, [&](std::int64_t first, std::int64_t samples) {
        Tensor rows({samples, current.steps, current.neurons}, current.device, MemoryTag::scratch);
        const ChunkRows<float> chunk{rows.data(), first, samples, current.steps, current.neurons};
        for (const auto& [term, path] : terms.chunked) path->gather(*term, chunk);
        arguments.first_sample = first;
        arguments.current = rows.data();
        launch_any(context, arguments, view, samples);
      });
    });
  }

  const CurrentView& current;
  NeuronOnCard<double> neuron;
  Buffer<double> bias;
  GatherPlan terms;
  ForwardKernelArguments kernel{};
};

/// @throws NumericError when a membrane was not finite; `name` and sizes are the layer's.
void require_finite(const SweepStatus& status,
                    std::string_view name,
                    std::int64_t steps,
                    std::int64_t neurons) {
  if (status.not_finite == SweepStatus{}.not_finite) return;
  const auto place = static_cast<std::int64_t>(status.not_finite / 4);
  const std::int64_t neuron = place % neurons;
  const std::int64_t step = place / neurons % (steps + 1);
  const std::int64_t sample = place / neurons / (steps + 1);
  if (step == steps) throw_state_not_finite(name, sample);
  throw_membrane_not_finite(name, sample, step, neuron, not_finite_value(status.not_finite));
}

/// A sweep that was run, and how many entries its rows need places for.
struct Swept {
  Buffer<SweepStatus> status;  ///< on the card; empty in a recording, whose notes have it
  std::optional<SweepStore> store;
  std::uint64_t spikes = 0;
  std::uint64_t active = 0;
  std::shared_ptr<const SweepStatus> recorded;  ///< its counts after a replay; else null
};

/// Runs the sweep and waits for its counts; again with longer lists if need be.
Swept run_now(const Context& context,
              const ForwardSweepArguments& arguments,
              SweepRoom room,
              Plan* plan) {
  const CurrentView& current = arguments.current;
  Swept swept;
  for (;;) {
    SweepStatus status;
    swept.status = Buffer<SweepStatus>::copy_of({&status, 1}, MemoryTag::scratch, current.device);
    swept.store.reset();  // lists that were too short go before longer ones come
    swept.store.emplace(current, room, swept.status.data(), arguments.want_active);
    plan->run(context, swept.store->record(), swept.status.data());
    copy_bytes(&status, kCpu, swept.status.data(), current.device, sizeof status);
    require_finite(status, current.name, current.steps, current.neurons);
    const bool held = room.holds_lists(status);
    room.learn(status);
    if (!held) continue;
    require_countable(current.name, std::max(status.spikes, status.active));
    swept.spikes = status.spikes;
    swept.active = status.active;
    return swept;
  }
}

/// Records the sweep: its counts are known, and judged, after each replay.
Swept run_recorded(const Context& context,
                   const ForwardSweepArguments& arguments,
                   const SweepRoom& room,
                   Plan* plan) {
  const CurrentView& current = arguments.current;
  Recording& recording = *Recording::current();
  const auto status = recording.note(SweepStatus{}, room.expected());
  Swept swept;
  swept.store.emplace(current, room, status.on_card, arguments.want_active);
  swept.store->spoil({recording.spoiled()}, room);
  plan->run(context, swept.store->record(), status.on_card);
  swept.spikes = room.spikes();
  swept.active = arguments.want_active ? room.active() : 0;
  swept.recorded = status.on_host;
  recording.judge([status = swept.recorded,
                   room,
                   name = std::string(current.name),
                   steps = current.steps,
                   neurons = current.neurons] {
    require_finite(*status, name, steps, neurons);
    require_countable(name, std::max(status->spikes, status->active));
    if (room.holds(*status)) return true;
    room.learn_more(*status);
    return false;
  });
  return swept;
}

/// The rows of lists with `room` places for entries, each brought to its own by
/// make_place(units)(...).
template <typename MakePlace>
UnitRows rows_of(const Context& context,
                 const CurrentView& current,
                 const EntryPool& pool,
                 std::uint64_t room,
                 const MakePlace& make_place) {
  const ListedRows listed{pool, current.batch * current.steps, words_of(current.neurons), room};
  Buffer<std::uint32_t> offsets = row_offsets(context, listed);
  Buffer<UnitId> units(static_cast<std::size_t>(room), context.device());
  write_rows(context, listed, current.steps, offsets, make_place(units.data()));
  return {std::make_shared<const Buffer<std::uint32_t>>(std::move(offsets)),
          std::make_shared<const Buffer<UnitId>>(std::move(units))};
}

/// Part of what a recording downloads.
std::shared_ptr<const std::uint64_t> part(const std::shared_ptr<const SweepStatus>& status,
                                          std::uint64_t SweepStatus::*count) {
  if (!status) return nullptr;
  return {status, &(status.get()->*count)};
}

UnitRows no_rows(Device device) {
  return {std::make_shared<const Buffer<std::uint32_t>>(Buffer<std::uint32_t>::zeros(1, device)),
          std::make_shared<const Buffer<UnitId>>()};
}

}  // namespace

SpikeTensor forward_sweep(const ForwardSweepArguments& arguments) {
  const CurrentView& current = arguments.current;
  const Context& context = Context::use(current.device);
  const std::int64_t rows = current.batch * current.steps;
  if (rows == 0)
    return {current.batch,
            current.steps,
            current.neurons,
            no_rows(current.device),
            arguments.want_active ? no_rows(current.device) : UnitRows{},
            arguments.want_active ? std::make_shared<const Buffer<float>>() : nullptr};

  Plan plan(arguments);
  const SweepRoom room(arguments);
  Swept swept = Recording::current() != nullptr ? run_recorded(context, arguments, room, &plan)
                                                : run_now(context, arguments, room, &plan);
  UnitRows events =
      rows_of(context, current, swept.store->record().spikes, swept.spikes, [](UnitId* units) {
        return PlaceEvent{units};
      });
  events.counted = part(swept.recorded, &SweepStatus::spikes);
  swept.store->drop_spikes();
  if (!arguments.want_active)
    return {current.batch, current.steps, current.neurons, std::move(events)};

  Buffer<float> slopes(static_cast<std::size_t>(swept.active), context.device());
  UnitRows active = std::visit(
      [&](const auto& surrogate) {
        return rows_of(
            context, current, swept.store->record().active, swept.active, [&](UnitId* units) {
              return PlaceActive<std::decay_t<decltype(surrogate)>>{
                  units, slopes.data(), surrogate};
            });
      },
      arguments.model.surrogate);
  active.counted = part(swept.recorded, &SweepStatus::active);
  return {current.batch,
          current.steps,
          current.neurons,
          std::move(events),
          std::move(active),
          std::make_shared<const Buffer<float>>(std::move(slopes))};
}

}  // namespace spiketape::cuda
