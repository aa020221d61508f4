#include "core/kernels/packed_neuron.hpp"

#include <algorithm>

#include "core/kernels/simd.hpp"

namespace spiketape {
namespace {

template <typename T>
void put(const NeuronModel::Coefficient& from, std::int64_t neurons, bool per_neuron, T* to) {
  if (from.empty()) return;
  if (from.size() > 1)
    std::transform(from.begin(), from.end(), to, [](double x) { return static_cast<T>(x); });
  else
    std::fill_n(to, per_neuron ? neurons : 1, static_cast<T>(from[0]));
}

bool is_one(const NeuronModel::Coefficient& coefficient) {
  return !coefficient.empty() &&
         std::all_of(coefficient.begin(), coefficient.end(), [](double x) { return x == 1.0; });
}

}  // namespace

template <typename T>
PackedNeuron<T>::PackedNeuron(const NeuronModel& model, std::int64_t neurons)
    : states(model.states),
      per_neuron(model.width() > 1),
      membrane_is_state(model.states == 1 && is_one(model.c[0])),
      width(per_neuron ? padded(neurons) : 1),
      values(Buffer<T>::zeros(
          static_cast<std::size_t>(states * (states + 3) * width), kCpu, MemoryTag::scratch)),
      threshold(static_cast<T>(model.threshold)),
      window(static_cast<T>(model.window)) {
  const auto used = static_cast<std::size_t>(states);
  T* to = values.data();
  const auto next = [&](const NeuronModel::Coefficient& coefficient) {
    put(coefficient, neurons, per_neuron, to);
    to += width;
  };
  for (std::size_t row = 0; row < used; ++row)
    for (std::size_t column = 0; column < used; ++column) next(model.a[row][column]);
  for (std::size_t state = 0; state < used; ++state) next(model.b[state]);
  for (std::size_t state = 0; state < used; ++state) next(model.r[state]);
  for (std::size_t state = 0; state < used; ++state) next(model.c[state]);
}

template struct PackedNeuron<float>;
template struct PackedNeuron<double>;

}  // namespace spiketape
