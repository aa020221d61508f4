#pragma once

#include <cstdint>

#include "core/device.hpp"

namespace spiketape {

/// `rows` rows of `row` contiguous values, the starts of two rows a stride apart.
struct RowsArguments {
  Device device;
  std::int64_t rows = 0;
  std::int64_t row = 0;
  const float* from = nullptr;
  std::int64_t from_stride = 0;
  float* to = nullptr;
  std::int64_t to_stride = 0;
};

namespace cpu {
/// to = from
void copy_rows(const RowsArguments& arguments);
/// to += from
void add_rows(const RowsArguments& arguments);
}  // namespace cpu

namespace cuda {
void copy_rows(const RowsArguments& arguments);
void add_rows(const RowsArguments& arguments);
}  // namespace cuda

}  // namespace spiketape
