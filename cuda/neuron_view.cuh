#pragma once

#include <cstdint>

#include "core/kernels/packed_neuron.hpp"
#include "cuda/launch.cuh"

namespace spiketape::cuda {

/// The coefficients of a NeuronModel with kStates states as a kernel takes them: by value when all
/// neurons share them, else from the card's memory.
template <typename T, int kStates>
struct NeuronView {
  static constexpr int kCoefficients = kStates * (kStates + 3);

  T shared[kCoefficients];
  const T* each;  ///< [coefficient, width], or null
  std::int64_t width;

  /// Those of neuron `j`, in registers: a (row-major), b, r, c.
  struct Registers {
    T a[kStates][kStates];
    T b[kStates];
    T r[kStates];
    T c[kStates];
  };
  __device__ Registers of(std::int64_t j) const {
    Registers own;
    int next = 0;
    const auto read = [&] {
      const int at = next++;
      return each != nullptr ? each[at * width + j] : shared[at];
    };
    for (int p = 0; p < kStates; ++p)
      for (int q = 0; q < kStates; ++q) own.a[p][q] = read();
    for (int p = 0; p < kStates; ++p) own.b[p] = read();
    for (int p = 0; p < kStates; ++p) own.r[p] = read();
    for (int p = 0; p < kStates; ++p) own.c[p] = read();
    return own;
  }
};

/// A model's coefficients, on the card where they differ between neurons.
template <typename T>
class NeuronOnCard {
 public:
  NeuronOnCard(const NeuronModel& model, std::int64_t neurons, Device device)
      : packed_(model, neurons) {
    if (packed_.per_neuron) each_ = packed_.values.copy_to(device, MemoryTag::scratch);
  }

  const PackedNeuron<T>& packed() const { return packed_; }

  template <int kStates>
  NeuronView<T, kStates> view() const {
    NeuronView<T, kStates> view{};
    view.each = each_.empty() ? nullptr : each_.data();
    view.width = packed_.width;
    if (each_.empty())
      for (int i = 0; i < NeuronView<T, kStates>::kCoefficients; ++i)
        view.shared[i] = packed_.values.data()[i];
    return view;
  }

  /// Calls body with the view for the model's number of states.
  template <typename Body>
  void visit(const Body& body) const {
    switch (packed_.states) {
      case 1:
        return body(view<1>());
      case 2:
        return body(view<2>());
      default:
        return body(view<3>());
    }
  }

 private:
  PackedNeuron<T> packed_;
  Buffer<T> each_;
};

}  // namespace spiketape::cuda
