#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <variant>

#include "core/error.hpp"
#include "core/kernels/sweep_errors.hpp"
#include "cuda/bias.hpp"
#include "cuda/forward_kernel.cuh"
#include "cuda/recorded_rows.cuh"

namespace spiketape::cuda {
namespace {

/// How long a warp's list of active entries must be. It begins at one entry in 32 neuron-steps and
/// grows to what a batch of the layer needed: a sweep whose lists were too short is repeated, and
/// later ones begin with the longer lists.
class ListCapacity {
 public:
  explicit ListCapacity(const ForwardSweepArguments& arguments)
      : key_(arguments.current.name, arguments.current.steps, arguments.current.neurons),
        most_(static_cast<std::uint32_t>(kWarp * arguments.current.steps)) {
    const std::lock_guard lock(mutex());
    const auto known = all().find(key_);
    entries_ = known != all().end() ? known->second
                                    : static_cast<std::uint32_t>(arguments.current.steps + kWarp);
    if (std::isinf(arguments.model.window)) entries_ = most_;
    entries_ = std::min(entries_, most_);
  }

  std::uint32_t entries() const { return entries_; }
  /// Whether `needed` entries fit; if not, they will.
  bool holds(std::uint32_t needed) {
    if (needed <= entries_) return true;
    entries_ = std::min(needed + needed / 4, most_);
    const std::lock_guard lock(mutex());
    all()[key_] = entries_;
    return false;
  }

 private:
  using Key = std::tuple<std::string, std::int64_t, std::int64_t>;
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  static std::map<Key, std::uint32_t>& all() {
    static std::map<Key, std::uint32_t> known;
    return known;
  }

  Key key_;
  std::uint32_t most_;
  std::uint32_t entries_ = 0;
};

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

  void run(const Context& context) const {
    ForwardKernelArguments arguments = kernel;
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

[[noreturn]] void throw_not_finite(const CurrentView& current, unsigned long long code) {
  const auto place = static_cast<std::int64_t>(code / 4);
  const std::int64_t neuron = place % current.neurons;
  const std::int64_t step = place / current.neurons % (current.steps + 1);
  const std::int64_t sample = place / current.neurons / (current.steps + 1);
  if (step == current.steps) throw_state_not_finite(current.name, sample);
  throw_membrane_not_finite(current.name, sample, step, neuron, not_finite_value(code));
}

SweepStatus read_status(const Buffer<SweepStatus>& status) {
  SweepStatus host;
  copy_bytes(&host, kCpu, status.data(), status.device(), sizeof(host));
  return host;
}

std::shared_ptr<const Buffer<float>> slopes_of(const Context& context,
                                               const Surrogate& surrogate,
                                               const WordRecord& record,
                                               const CurrentView& current,
                                               const UnitRows& active) {
  Buffer<float> slopes(active.units->size(), context.device());
  constexpr unsigned kThreads = 128;
  if (!slopes.empty())
    std::visit(
        [&](const auto& own) {
          launch(write_slopes_kernel<std::decay_t<decltype(own)>>,
                 {.grid = dim3(static_cast<unsigned>(current.batch),
                               blocks_for(record.words, kThreads / kWarp)),
                  .block = kThreads,
                  .stream = context.stream()},
                 own,
                 record,
                 current.steps,
                 active.offsets->data(),
                 slopes.data());
        },
        surrogate);
  return std::make_shared<const Buffer<float>>(std::move(slopes));
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
  ListCapacity capacity(arguments);
  WordRecord& record = plan.kernel.record;
  record.words = (current.neurons + kWarp - 1) / kWarp;
  const auto scratch = [&](auto& buffer, std::int64_t size) {
    buffer = std::decay_t<decltype(buffer)>(
        static_cast<std::size_t>(size), current.device, MemoryTag::scratch);
    return buffer.data();
  };
  Buffer<std::uint32_t> spike_words, active_words;
  Buffer<float> distances;
  record.spikes = scratch(spike_words, rows * record.words);
  if (arguments.want_active) record.active = scratch(active_words, rows * record.words);
  SweepStatus status;
  do {
    const SweepStatus fresh;
    auto on_card = Buffer<SweepStatus>::copy_of({&fresh, 1}, MemoryTag::scratch, current.device);
    record.capacity = capacity.entries();
    if (arguments.want_active) {
      distances = {};  // lists that were too short go before longer ones come
      record.distances =
          scratch(distances, current.batch * record.words * std::int64_t{record.capacity});
    }
    plan.kernel.status = on_card.data();
    plan.run(context);
    status = read_status(on_card);
    if (status.not_finite != fresh.not_finite) throw_not_finite(current, status.not_finite);
  } while (!capacity.holds(status.most_active));
  require_countable(current.name, std::max(status.spikes, status.active));

  UnitRows events = rows_of_words(context, record.spikes, record.words, rows, status.spikes);
  spike_words = {};
  if (!arguments.want_active)
    return {current.batch, current.steps, current.neurons, std::move(events)};
  UnitRows active = rows_of_words(context, record.active, record.words, rows, status.active);
  auto slopes = slopes_of(context, arguments.model.surrogate, record, current, active);
  return {current.batch,
          current.steps,
          current.neurons,
          std::move(events),
          std::move(active),
          std::move(slopes)};
}

}  // namespace spiketape::cuda
