#include "apps/show_panels.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "apps/evaluate.hpp"
#include "autograd/membrane_trace.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "layers/layer_hook.hpp"

namespace spiketape::apps {
namespace {

/// Neurons whose membranes are drawn when none are named.
constexpr std::size_t kDrawnNeurons = 3;

/// One hidden layer as it ran.
struct Layer {
  Current current;
  NeuronModel model;
  SpikeTensor spikes;
};

/// The entries of a batch of one sample.
std::vector<StepEvent> entries(std::span<const std::uint32_t> offsets,
                               std::span<const UnitId> units) {
  std::vector<StepEvent> found;
  found.reserve(units.size());
  for (std::size_t row = 0; row + 1 < offsets.size(); ++row)
    for (std::uint32_t e = offsets[row]; e < offsets[row + 1]; ++e)
      found.push_back({static_cast<std::uint16_t>(row), units[e]});
  return found;
}

double percent(std::size_t part, const SpikeTensor& whole) {
  const auto places = static_cast<double>(whole.rows() * whole.neurons());
  return places > 0.0 ? 100.0 * static_cast<double>(part) / places : 0.0;
}

RasterPanel layer_panel(const Layer& layer) {
  const SpikeTensor& spikes = layer.spikes;
  RasterPanel panel{.title = {},
                    .unit = "neuron",
                    .units = spikes.neurons(),
                    .spikes = entries(spikes.event_offsets(), spikes.event_units()),
                    .active = entries(spikes.active_offsets(), spikes.active_units())};
  panel.title = fmt::format("{}: {} spikes ({:.2g} %), active set of {} ({:.2g} %)",
                            layer.current.name(),
                            panel.spikes.size(),
                            percent(panel.spikes.size(), spikes),
                            panel.active.size(),
                            percent(panel.active.size(), spikes));
  return panel;
}

/// The neurons that fire most; among those that fire alike, the ones that are active most.
std::vector<std::int64_t> busiest(const RasterPanel& panel) {
  std::vector<std::pair<std::int64_t, std::int64_t>> counts(static_cast<std::size_t>(panel.units));
  for (const StepEvent& spike : panel.spikes) ++counts[spike.unit].first;
  for (const StepEvent& entry : panel.active) ++counts[entry.unit].second;
  std::vector<std::int64_t> order(counts.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t left, std::int64_t right) {
    return counts[static_cast<std::size_t>(left)] > counts[static_cast<std::size_t>(right)];
  });
  order.resize(std::min(order.size(), kDrawnNeurons));
  return order;
}

std::vector<MembranePanel> membrane_panels(const ShownMembranes& shown,
                                           const Layer& layer,
                                           const RasterPanel& raster) {
  const Tensor all = membrane_trace(layer.current, layer.model, layer.spikes);
  const std::vector<std::int64_t> neurons = shown.neurons.empty() ? busiest(raster) : shown.neurons;
  std::vector<MembranePanel> panels;
  for (const std::int64_t neuron : neurons) {
    if (neuron < 0 || neuron >= raster.units)
      throw Error(fmt::format("neurons: {} has neurons 0 to {}, but {} was asked for",
                              layer.current.name(),
                              raster.units - 1,
                              neuron));
    MembranePanel panel{.title = fmt::format("{}: neuron {}", layer.current.name(), neuron),
                        .threshold = layer.model.threshold,
                        .window = layer.model.window,
                        .membrane = {}};
    for (std::int64_t step = 0; step < layer.spikes.steps(); ++step)
      panel.membrane.push_back(all.data()[step * raster.units + neuron]);
    panels.push_back(std::move(panel));
  }
  return panels;
}

ReadoutPanel readout_panel(const SpikingNet& net,
                           const SpikingNet::Output& output,
                           std::int32_t label) {
  const Tensor trace =
      net.readout().trace(output.readout_current).value().to(kCpu);  // [1, step, class]
  ReadoutPanel panel{
      .title = {}, .answer = answers(output.scores.value()).front(), .label = label, .traces = {}};
  panel.title = fmt::format("readout ({} over time): answer {}, class {}",
                            to_string(net.readout().score()),
                            panel.answer,
                            panel.label);
  panel.traces.resize(static_cast<std::size_t>(trace.dim(2)));
  for (std::int64_t i = 0; i < trace.size(); ++i)
    panel.traces[static_cast<std::size_t>(i % trace.dim(2))].push_back(trace.data()[i]);
  return panel;
}

}  // namespace

RasterPanel input_panel(const SpikeTensor& input) {
  RasterPanel panel{.title = {},
                    .unit = "input unit",
                    .units = input.neurons(),
                    .spikes = entries(input.event_offsets(), input.event_units()),
                    .active = {}};
  panel.title = fmt::format("input: {} events of {} units, {} steps",
                            panel.spikes.size(),
                            input.neurons(),
                            input.steps());
  return panel;
}

void add_network(const ShownMembranes& shown,
                 SpikingNet& net,
                 const Batch& batch,
                 Picture& picture) {
  const auto layers = static_cast<std::int64_t>(net.hidden_layers());
  if (layers > 0 && (shown.layer < 1 || shown.layer > layers))
    throw Error(fmt::format(
        "layer: the network has hidden layers 1 to {}, but {} was asked for", layers, shown.layer));
  std::vector<Layer> ran;
  net.set_training(false);
  const Tape tape;  // without one no active set is recorded
  const LayerHook hook([&](const Current& current, const NeuronModel& model) {
    ran.push_back({current, model, {}});
  });
  const SpikingNet::Output output = net.forward(batch.spikes.to(net.device()));
  for (std::size_t i = 0; i < ran.size(); ++i) {
    ran[i].spikes = output.hidden[i].value().to(kCpu);
    picture.rasters.push_back(layer_panel(ran[i]));
  }
  if (!ran.empty()) {
    const auto chosen = static_cast<std::size_t>(shown.layer - 1);
    picture.membranes = membrane_panels(shown, ran[chosen], picture.rasters[chosen + 1]);
  }
  picture.readouts.push_back(readout_panel(net, output, batch.labels.front()));
}

}  // namespace spiketape::apps
