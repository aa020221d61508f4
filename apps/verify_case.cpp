#include "apps/verify_case.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "apps/hdf5_reader.hpp"
#include "core/error.hpp"

namespace spiketape::apps {
namespace {

/// float32 has no numbers above 3.4e38: such a window is infinite.
float to_float(double value) {
  return value > static_cast<double>(std::numeric_limits<float>::max())
             ? std::numeric_limits<float>::infinity()
             : static_cast<float>(value);
}

std::vector<Event> read_events(const Hdf5Reader& file, const std::string& item) {
  const std::vector<std::int64_t> values = file.integers(item, 3);
  std::vector<Event> events(values.size() / 3);
  for (std::size_t i = 0; i < events.size(); ++i)
    events[i] = {static_cast<std::int32_t>(values[3 * i]),
                 static_cast<std::int32_t>(values[3 * i + 1]),
                 static_cast<std::int32_t>(values[3 * i + 2])};
  std::sort(events.begin(), events.end());
  return events;
}

Tensor read_weight(const Hdf5Reader& file, const std::string& item, std::int64_t inputs) {
  Tensor weight = file.tensor(item);
  if (weight.rank() != 2 || weight.dim(0) != inputs)
    throw DataError(fmt::format("{}: '{}' is {}; expected [{}, ...]",
                                file.path(),
                                item,
                                to_string(weight.shape()),
                                inputs));
  return weight;
}

/// Reference values; `shape` is what they must have.
std::vector<double> read_reference(const Hdf5Reader& file,
                                   const std::string& item,
                                   const Shape& shape) {
  Hdf5Reader::Array array = file.numbers(item);
  if (array.shape != shape)
    throw DataError(fmt::format("{}: '{}' is {}; expected {}",
                                file.path(),
                                item,
                                to_string(array.shape),
                                to_string(shape)));
  return std::move(array.values);
}

/// LIF; with alpha_syn current-based; with rho and kappa adaptive; the two may come together as a
/// neuron of 3 states.
NeuronModel read_model(const Hdf5Reader& file, std::string& description) {
  const double decay = file.number_attribute("alpha");
  const double threshold = file.number_attribute("v_th");
  const bool reset =
      file.has_attribute("reset_gradient") && file.number_attribute("reset_gradient") != 0.0;
  const bool cuba = file.has_attribute("alpha_syn");
  const bool adaptive = file.has_attribute("rho") || file.has_attribute("kappa");
  NeuronModel model = lif_model(decay, threshold, reset);
  if (cuba) model = cuba_lif_model(file.number_attribute("alpha_syn"), decay, threshold, reset);
  if (adaptive) {  // one more state after the membrane: q' = rho q + S, seen as -kappa q
    const auto q = static_cast<std::size_t>(model.states++);
    model.a[q][q] = {file.number_attribute("rho")};
    model.r[q] = {1.0};
    model.c[q] = {-file.number_attribute("kappa")};
    model.gradient_through_jump[q] = true;
  }
  model.window = file.number_attribute("b_th");
  model.surrogate = FastSigmoid{to_float(file.number_attribute("beta"))};
  description = fmt::format("{}{}{}",
                            cuba ? "CubaLIF" : "LIF",
                            adaptive ? ", adaptive threshold" : "",
                            reset ? ", reset gradient" : "");
  return model;
}

std::optional<ActivityRegularizerOptions> read_regularizer(const Hdf5Reader& file) {
  if (!file.has_attribute("reg_lam_u") && !file.has_attribute("reg_lam_l")) return std::nullopt;
  return ActivityRegularizerOptions{.lambda_upper = to_float(file.number_attribute("reg_lam_u")),
                                    .lambda_lower = to_float(file.number_attribute("reg_lam_l")),
                                    .upper = to_float(file.number_attribute("reg_f_u")),
                                    .lower = to_float(file.number_attribute("reg_f_l")),
                                    .power = to_float(file.number_attribute("reg_p"))};
}

VerifyLayer read_layer(const Hdf5Reader& file, std::size_t index, std::int64_t inputs) {
  const std::string name = fmt::format("w{}", index);
  const std::string recurrence = fmt::format("w_rec{}", index);
  const std::string group = fmt::format("layer{}", index);
  VerifyLayer layer;
  layer.weight = read_weight(file, name, inputs);
  layer.grad_weight = read_reference(file, "grad_" + name, layer.weight.shape());
  const std::int64_t neurons = layer.weight.dim(1);
  if (file.has(recurrence)) {
    layer.recurrence = read_weight(file, recurrence, neurons);
    layer.grad_recurrence = read_reference(file, "grad_" + recurrence, {neurons, neurons});
  }
  layer.spikes = read_events(file, group + "/spike_events");
  layer.active = read_events(file, group + "/active");
  layer.grad_spikes = read_reference(
      file, group + "/grad_spike_at_active", {static_cast<std::int64_t>(layer.active.size())});
  return layer;
}

void require_case(const Hdf5Reader& file) {
  for (const char* item : {"input_events", "labels", "w0", "loss", "scores"})
    if (!file.has(item))
      throw DataError(
          fmt::format("{}: not a case for verify, it has no '{}'; make cases with oracle.py",
                      file.path(),
                      item));
}

}  // namespace

VerifyCase read_verify_case(const std::string& path) {
  const Hdf5Reader file(path);
  require_case(file);
  VerifyCase result;
  result.path = path;
  result.model = read_model(file, result.neuron);
  result.readout_decay = to_float(file.number_attribute("alpha_readout"));
  result.score = parse_score(file.text_attribute("score"));
  result.regularizer = read_regularizer(file);

  const std::vector<std::int64_t> shape = file.integers_attribute("shape");
  if (shape.size() != 3)
    throw DataError(fmt::format(
        "{}: 'shape' must be batch, steps, inputs; it has {} values", path, shape.size()));
  try {
    result.input =
        SpikeTensor::from_events(shape[0], shape[1], shape[2], read_events(file, "input_events"));
  } catch (const ShapeError& error) {
    throw DataError(fmt::format("{}: 'input_events': {}", path, error.what()));
  }
  for (const std::int64_t label : file.integers("labels", 1))
    result.labels.push_back(static_cast<std::int32_t>(label));

  std::int64_t inputs = shape[2];
  std::size_t index = 0;
  for (; file.has(fmt::format("w{}", index + 1)); ++index) {
    result.layers.push_back(read_layer(file, index, inputs));
    inputs = result.layers.back().weight.dim(1);
  }
  result.readout_weight = read_weight(file, fmt::format("w{}", index), inputs);
  result.grad_readout_weight =
      read_reference(file, fmt::format("grad_w{}", index), result.readout_weight.shape());
  const std::int64_t classes = result.readout_weight.dim(1);
  result.loss = read_reference(file, "loss", {})[0];
  result.cross_entropy = read_reference(file, "cross_entropy", {})[0];
  result.scores = read_reference(file, "scores", {shape[0], classes});
  result.readout = read_reference(file, "readout", {shape[0], shape[1], classes});
  return result;
}

}  // namespace spiketape::apps
