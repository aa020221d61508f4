#include "autograd/dual_sweep.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <variant>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

constexpr std::size_t kStates = NeuronModel::kMaxStates;

/// The coefficients of one neuron, in double; an empty coefficient is 0, a single one is for the
/// whole layer.
struct OneNeuron {
  std::array<std::array<double, kStates>, kStates> a{};
  std::array<double, kStates> b{}, r{}, c{};

  OneNeuron(const NeuronModel& model, std::size_t neuron) {
    const auto value = [neuron](const NeuronModel::Coefficient& x) {
      return x.empty() ? 0.0 : x.size() == 1 ? x[0] : x[neuron];
    };
    for (std::size_t i = 0; i < kStates; ++i) {
      for (std::size_t j = 0; j < kStates; ++j) a[i][j] = value(model.a[i][j]);
      b[i] = value(model.b[i]);
      r[i] = value(model.r[i]);
      c[i] = value(model.c[i]);
    }
  }
};

/// S = step(V - threshold), S' = g(V) V' in the window.
Dual fire(const NeuronModel& model, Dual membrane) {
  const double distance = membrane.value - model.threshold;
  const double slope =
      is_active(model, membrane.value)
          ? std::visit(
                [&](const auto& surrogate) {
                  return static_cast<double>(surrogate(static_cast<float>(distance)));
                },
                model.surrogate)
          : 0.0;
  return {distance > 0.0 ? 1.0 : 0.0, slope * membrane.tangent};
}

void check_fit(bool fits, const char* what, std::int64_t expected, std::int64_t got) {
  if (!fits)
    throw ShapeError(fmt::format("dual sweep: {} must be {}, got {}", what, expected, got));
}

}  // namespace

DualMatrix::DualMatrix(std::int64_t row_count, std::int64_t column_count)
    : rows(row_count),
      columns(column_count),
      values(static_cast<std::size_t>(row_count * column_count)) {}

DualMatrix to_dual(const Tensor& tensor) {
  if (tensor.rank() != 1 && tensor.rank() != 2)
    throw ShapeError(fmt::format("dual sweep: expected a tensor of 1 or 2 axes, got shape {}",
                                 to_string(tensor.shape())));
  DualMatrix matrix(tensor.rank() == 2 ? tensor.dim(0) : 1, tensor.dim(-1));
  std::transform(
      tensor.values().begin(), tensor.values().end(), matrix.values.begin(), [](float x) {
        return Dual{static_cast<double>(x), 0.0};
      });
  return matrix;
}

DualMatrix to_dual(const SpikeTensor& spikes) {
  return to_dual(spikes.to_dense().reshape({spikes.rows(), spikes.neurons()}));
}

void add_projection(const DualMatrix& source,
                    const DualMatrix& weight,
                    double amplitude,
                    DualMatrix& current) {
  check_fit(source.columns == weight.rows, "the rows of the weights", source.columns, weight.rows);
  check_fit(source.rows == current.rows, "the rows of the spikes", current.rows, source.rows);
  check_fit(weight.columns == current.columns,
            "the columns of the weights",
            current.columns,
            weight.columns);
  for (std::int64_t row = 0; row < source.rows; ++row)
    for (std::int64_t i = 0; i < source.columns; ++i) {
      const Dual spike = amplitude * source.at(row, i);
      if (spike.value == 0.0 && spike.tangent == 0.0) continue;
      for (std::int64_t j = 0; j < weight.columns; ++j)
        current.at(row, j) += spike * weight.at(i, j);
    }
}

DualSweep dual_sweep(const DualMatrix& current,
                     std::int64_t steps,
                     const NeuronModel& model,
                     const DualMatrix* recurrence) {
  const std::int64_t neurons = current.columns;
  model.check(neurons);
  if (recurrence != nullptr)
    check_fit(recurrence->rows == neurons && recurrence->columns == neurons,
              "both axes of the recurrence",
              neurons,
              recurrence->rows == neurons ? recurrence->columns : recurrence->rows);
  const auto states = static_cast<std::size_t>(model.states);
  std::vector<OneNeuron> coefficients;
  coefficients.reserve(static_cast<std::size_t>(neurons));
  for (std::int64_t j = 0; j < neurons; ++j)
    coefficients.emplace_back(model, static_cast<std::size_t>(j));

  DualSweep sweep{DualMatrix(current.rows, neurons), DualMatrix(current.rows, neurons)};
  DualMatrix input(1, neurons);
  for (std::int64_t first = 0; first < current.rows; first += steps) {
    std::vector<std::array<Dual, kStates>> state(static_cast<std::size_t>(neurons));
    for (std::int64_t row = first; row + 1 < first + steps; ++row) {
      DualMatrix before(1, neurons);
      for (std::int64_t j = 0; j < neurons; ++j) {
        before.at(0, j) = sweep.spikes.at(row, j);
        input.at(0, j) = current.at(row, j);
      }
      if (recurrence != nullptr) add_projection(before, *recurrence, 1.0, input);
      for (std::int64_t j = 0; j < neurons; ++j) {
        const OneNeuron& k = coefficients[static_cast<std::size_t>(j)];
        auto& x = state[static_cast<std::size_t>(j)];
        std::array<Dual, kStates> next{};
        Dual membrane;
        for (std::size_t i = 0; i < states; ++i) {
          for (std::size_t m = 0; m < states; ++m) next[i] += k.a[i][m] * x[m];
          Dual jump = before.at(0, j);
          if (!model.gradient_through_jump[i]) jump.tangent = 0.0;
          next[i] += k.b[i] * input.at(0, j) + k.r[i] * jump;
          membrane += k.c[i] * next[i];
        }
        x = next;
        sweep.membrane.at(row + 1, j) = membrane;
        sweep.spikes.at(row + 1, j) = fire(model, membrane);
      }
    }
  }
  return sweep;
}

DualMatrix dual_readout(const DualMatrix& current, std::int64_t steps, double decay) {
  DualMatrix trace(current.rows, current.columns);
  for (std::int64_t row = 0; row + 1 < current.rows; ++row) {
    if ((row + 1) % steps == 0) continue;
    for (std::int64_t j = 0; j < current.columns; ++j)
      trace.at(row + 1, j) = decay * trace.at(row, j) + (1.0 - decay) * current.at(row, j);
  }
  return trace;
}

bool is_active(const NeuronModel& model, double membrane) {
  return std::fabs(membrane - model.threshold) < model.window;
}

double rounding_margin(const NeuronModel& model, const DualMatrix& membrane) {
  double margin = std::numeric_limits<double>::infinity();
  const auto* boxcar = std::get_if<Boxcar>(&model.surrogate);
  for (const Dual& v : membrane.values) {
    if (v.value == 0.0) continue;  // exact: the zero state, or no input yet
    const double distance = std::fabs(v.value - model.threshold);
    margin = std::min({margin, distance, std::fabs(distance - model.window)});
    if (boxcar != nullptr)
      margin = std::min(margin, std::fabs(distance - 1.0 / static_cast<double>(boxcar->beta)));
  }
  return margin;
}

}  // namespace spiketape
