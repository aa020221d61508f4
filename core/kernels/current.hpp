#pragma once

#include <functional>

#include "core/sweep.hpp"

/// What all sweeps share: laying out the current of a few samples.
namespace spiketape::cpu {

/// SampleRows with memory of their own, uninitialised.
class RowScratch {
 public:
  RowScratch(std::int64_t rows, std::int64_t columns);
  SampleRows<float> rows(std::int64_t first_sample, std::int64_t samples, Columns columns);

 private:
  std::int64_t stride_;
  Buffer<float> data_;
};

SampleRows<const float> as_const(const SampleRows<float>& rows);

/// The sum of all biases, padded with zeros; empty when there is none.
Buffer<double> total_bias(const CurrentView& current);

/// rows = biases + every term for which `wanted` holds.
void fill_current(const CurrentView& current,
                  const Buffer<double>& bias,
                  const std::function<bool(const CurrentView::Term&)>& wanted,
                  const SampleRows<float>& rows);

}  // namespace spiketape::cpu
