#include "apps/bench.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/device_timer.hpp"
#include "autograd/adam.hpp"
#include "autograd/ops.hpp"
#include "autograd/step_graph.hpp"
#include "autograd/tape.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"
#include "layers/init.hpp"
#include "layers/linear.hpp"
#include "layers/neurons.hpp"
#include "layers/readout.hpp"
#include "layers/regularizers.hpp"

namespace spiketape::apps {
namespace {

constexpr double kTau = 10e-3;

struct Net : Module {
  Net(const BenchShape& shape, const BenchSettings& settings)
      : fc1(*this, "fc1", shape.inputs, settings.hidden, {.path = settings.path}),
        fc2(*this, "fc2", settings.hidden, settings.hidden, {.path = settings.path}),
        out(*this, "out", settings.hidden, shape.classes, {.path = settings.path}),
        lif({.tau = kTau, .dt = shape.dt, .window = settings.window}),
        readout({.tau = shape.tau_readout,
                 .dt = shape.dt,
                 .score = shape.sum_score ? Score::sum : Score::max}),
        regularizer({.upper = shape.upper}) {
    for (const NamedVariable& parameter : parameters())
      uniform_by_fan_in(parameter.variable, shape.gain, 2, parameter.name);
    to(settings.device);
  }

  Variable loss(const SpikeVariable& x, std::span<const std::int32_t> labels) {
    const SpikeVariable s1 = lif(fc1(x));
    const SpikeVariable s2 = lif(fc2(s1));
    return cross_entropy(readout(out(s2)), labels) + regularizer(s1) + regularizer(s2);
  }

  Linear fc1, fc2, out;
  Lif lif;
  Readout readout;
  ActivityRegularizer regularizer;
};

/// Independent spikes at every place with the same chance: jumps from one to the next are
/// geometric.
SpikeTensor random_input(const BenchShape& shape, std::int64_t batch) {
  const auto row_places = static_cast<double>(shape.inputs);
  const double chance = shape.events / (row_places * static_cast<double>(shape.steps));
  const std::int64_t places = batch * shape.steps * shape.inputs;
  Random random(1);
  std::vector<Event> events;
  events.reserve(static_cast<std::size_t>(shape.events * static_cast<double>(batch) * 1.1));
  for (std::int64_t at = -1;;) {
    at += 1 + static_cast<std::int64_t>(std::log1p(-static_cast<double>(random.uniform())) /
                                        std::log1p(-chance));
    if (at >= places) break;
    const std::int64_t row = at / shape.inputs;
    events.push_back({static_cast<std::int32_t>(row / shape.steps),
                      static_cast<std::int32_t>(row % shape.steps),
                      static_cast<std::int32_t>(at % shape.inputs)});
  }
  const MemoryTagScope booked_as(MemoryTag::data);
  return SpikeTensor::from_events(batch, shape.steps, shape.inputs, events);
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const auto at = std::lround(q * static_cast<double>(values.size() - 1));
  return values[static_cast<std::size_t>(at)];
}

/// Runs and times training steps of one network.
class Stepper {
 public:
  /// `replays`: as one CUDA graph, whose parts are not timed.
  Stepper(const BenchShape& shape,
          const BenchSettings& settings,
          const SpikeTensor& input,
          bool replays)
      : device_(settings.device),
        net_(shape, settings),
        adam_(net_.parameters(), {.learning_rate = 0.0f}),
        input_(input),
        timer_(device_),
        replays_(replays),
        step_([this](const SpikeVariable& spikes,
                     std::span<const std::int32_t> labels) { return learn(spikes, labels); },
              replays) {
    Random random(3);
    for (std::int64_t b = 0; b < settings.batch; ++b)
      labels_.push_back(
          static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(shape.classes))));
  }

  /// Steps before the measured ones fill caches and take as long as an idle processor needs to
  /// reach its speed.
  StepTimes run(double warm_up_ms, std::int64_t repeats) {
    for (double spent = 0.0; spent < warm_up_ms || (replays_ && step_.replays() == 0);) {
      spent += run_once().step;
      if (!step_.why_not().empty()) return {};
    }
    std::vector<double> forward, backward, update, step;
    for (std::int64_t i = 0; i < repeats; ++i) {
      net_.lif.reset_monitors();
      const StepTimes once = run_once();
      forward.push_back(once.forward);
      backward.push_back(once.backward);
      update.push_back(once.update);
      step.push_back(once.step);
    }
    return {quantile(forward, 0.5),
            quantile(backward, 0.5),
            quantile(update, 0.5),
            quantile(step, 0.5),
            quantile(step, 0.75) - quantile(step, 0.25)};
  }

  const Net& net() const { return net_; }
  std::int64_t tape_bytes() const { return tape_bytes_; }
  const std::string& why_not() const { return step_.why_not(); }

 private:
  std::vector<Variable> learn(const SpikeVariable& spikes, std::span<const std::int32_t> labels) {
    const auto before = memory_use(device_, MemoryTag::tape).current;
    Tape tape;
    const Variable loss = net_.loss(spikes, labels);
    if (!replays_) timer_.mark();
    tape_bytes_ = static_cast<std::int64_t>(memory_use(device_, MemoryTag::tape).current - before);
    tape.backward(loss);
    if (!replays_) timer_.mark();
    adam_.step();
    return {loss};
  }

  StepTimes run_once() {
    timer_.mark();
    step_(input_, labels_);
    timer_.mark();
    const std::vector<double> ms = timer_.take();
    if (replays_) return {0.0, 0.0, 0.0, ms[0], 0.0};
    return {ms[0], ms[1], ms[2], ms[0] + ms[1] + ms[2], 0.0};
  }

  Device device_;
  Net net_;
  Adam adam_;
  SpikeTensor input_;
  std::vector<std::int32_t> labels_;
  DeviceTimer timer_;
  bool replays_;
  std::int64_t tape_bytes_ = 0;
  StepGraph step_;
};

/// The most that is held beyond what is held at first, and what stays on a card: cuBLAS takes
/// memory at its first use.
class PeakMemory {
 public:
  explicit PeakMemory(Device device) : device_(device) {
    if (device != kCpu) {
      const Variable one(Tensor::full({1, 1}, 1.0f).to(device));
      matmul(one, one);
    }
    held_ = memory_use(device).current;
  }
  void reset() const { reset_peak_memory(device_); }
  std::int64_t bytes() const { return static_cast<std::int64_t>(memory_use(device_).peak - held_); }

 private:
  Device device_;
  std::size_t held_;
};

void count(const Net& net,
           const BenchShape& shape,
           const BenchSettings& settings,
           BenchResult& result) {
  for (const LayerActivity& layer : net.lif.monitors()) {
    result.macs += layer.monitor->macs;
    result.dense_macs += layer.monitor->dense_macs;
    result.spikes_percent.push_back(layer.monitor->spikes_percent());
    result.active_percent.push_back(layer.monitor->active_percent());
    result.dense_tape_bytes += layer.monitor->dense_bytes;
  }
  const auto classes = static_cast<double>(shape.classes);
  const Monitor& hidden = *net.lif.monitors().back().monitor;  // what the readout is driven by
  result.macs += classes * static_cast<double>(2 * hidden.spikes + hidden.active);
  result.dense_macs +=
      3.0 * classes * static_cast<double>(settings.batch * shape.steps * settings.hidden);
}

double peak_rss_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

}  // namespace

const std::vector<BenchShape>& bench_shapes() {
  static const std::vector<BenchShape> shapes = {
      {"fmnist", 784, 10, 100, 1e-3, 10e-3, 390.0, false, 4.5f, 1.0f},
      {"nmnist", 1156, 10, 300, 1e-3, 10e-3, 4000.0, false, 3.2f, 1.0f},
      {"shd", 700, 20, 500, 2e-3, 20e-3, 8000.0, true, 3.4f, 10.0f},
  };
  return shapes;
}

BenchResult bench(const BenchShape& shape, const BenchSettings& settings) {
  require_available(settings.device);
  if (settings.threads > 0) set_thread_count(settings.threads);
  BenchResult result;
  result.shape = shape;
  result.settings = settings;
  result.settings.threads = thread_count();
  const PeakMemory peak(settings.device);
  const SpikeTensor input = random_input(shape, settings.batch).to(settings.device);
  {
    Stepper stepper(shape, settings, input, false);
    peak.reset();
    result.times = stepper.run(500.0, settings.repeats);
    result.device_peak_bytes = peak.bytes();
    result.tape_bytes = stepper.tape_bytes();
    count(stepper.net(), shape, settings, result);
  }
  if (settings.device != kCpu && settings.with_graph) {
    Stepper stepper(shape, settings, input, true);
    peak.reset();
    result.graph_times = stepper.run(500.0, settings.repeats);
    result.graph_device_peak_bytes = peak.bytes();
    result.why_no_graph = stepper.why_not();
  }
  result.peak_rss_mib = peak_rss_mib();
  if (settings.with_dense) {
    BenchSettings dense = settings;
    dense.window = std::numeric_limits<float>::infinity();
    dense.path = SynapsePath::gemm;  // on a card by cuBLAS
    Stepper stepper(shape, dense, input, false);
    peak.reset();
    result.dense_times = stepper.run(1.0, std::clamp<std::int64_t>(settings.repeats / 10, 1, 5));
    result.dense_device_peak_bytes = peak.bytes();
  }
  return result;
}

}  // namespace spiketape::apps
