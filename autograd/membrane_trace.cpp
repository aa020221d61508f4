#include "autograd/membrane_trace.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

using Row = std::vector<double>;  ///< one value a neuron

double of_neuron(const NeuronModel::Coefficient& values, std::size_t neuron) {
  if (values.empty()) return 0.0;
  return values.size() == 1 ? values.front() : values[neuron];
}

/// The neurons of one sample, step after step.
class Neurons {
 public:
  Neurons(const NeuronModel& model, std::size_t count) : model_(model) {
    states_.fill(Row(count, 0.0));
  }

  double membrane(std::size_t neuron) const {
    double sum = 0.0;
    for (std::size_t k = 0; k < states(); ++k)
      sum += of_neuron(model_.c[k], neuron) * states_[k][neuron];
    return sum;
  }

  void advance(std::size_t neuron, double drive, double fired) {
    std::array<double, NeuronModel::kMaxStates> next{};
    for (std::size_t k = 0; k < states(); ++k) {
      next[k] = of_neuron(model_.b[k], neuron) * drive + of_neuron(model_.r[k], neuron) * fired;
      for (std::size_t from = 0; from < states(); ++from)
        next[k] += of_neuron(model_.a[k][from], neuron) * states_[from][neuron];
    }
    for (std::size_t k = 0; k < states(); ++k) states_[k][neuron] = next[k];
  }

 private:
  std::size_t states() const { return static_cast<std::size_t>(model_.states); }

  const NeuronModel& model_;
  std::array<Row, NeuronModel::kMaxStates> states_;
};

void check(const Current& current, const NeuronModel& model, const SpikeTensor& spikes) {
  model.check(current.neurons());
  const Shape expected{current.batch(), current.steps(), current.neurons()};
  if (spikes.shape() != expected)
    throw ShapeError(
        fmt::format("{}: membrane_trace: the spikes are {}; expected {}, the ones that this "
                    "current caused",
                    current.name(),
                    to_string(spikes.shape()),
                    to_string(expected)));
}

}  // namespace

Tensor membrane_trace(const Current& current, const NeuronModel& model, const SpikeTensor& spikes) {
  check(current, model, spikes);
  const auto width = static_cast<std::size_t>(current.neurons());
  const Tensor input = dense(current).to(kCpu);
  const Variable& back = current.recurrence();
  const Tensor back_weights = back.defined() ? back.value().to(kCpu) : Tensor();
  const float* recurrence = back.defined() ? back_weights.data() : nullptr;
  const SpikeTensor fired_there = spikes.to(kCpu);
  const std::span<const std::uint32_t> offsets = fired_there.event_offsets();
  const std::span<const UnitId> units = fired_there.event_units();
  Tensor trace(input.shape());
  Row fired(width);
  Row drive(width);
  std::size_t row = 0;
  for (std::int64_t sample = 0; sample < current.batch(); ++sample) {
    Neurons neurons(model, width);
    for (std::int64_t step = 0; step < current.steps(); ++step, ++row) {
      const float* arriving = input.data() + row * width;
      std::copy(arriving, arriving + width, drive.begin());
      std::fill(fired.begin(), fired.end(), 0.0);
      for (std::uint32_t e = offsets[row]; e < offsets[row + 1]; ++e) {
        fired[units[e]] += 1.0;
        if (recurrence == nullptr) continue;
        for (std::size_t j = 0; j < width; ++j) drive[j] += recurrence[units[e] * width + j];
      }
      for (std::size_t j = 0; j < width; ++j) {
        trace.data()[row * width + j] = static_cast<float>(neurons.membrane(j));
        neurons.advance(j, drive[j], fired[j]);
      }
    }
  }
  return trace;
}

}  // namespace spiketape
