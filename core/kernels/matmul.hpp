#pragma once

#include <cstdint>

#include "core/device.hpp"

namespace spiketape {

/// c [rows, columns] += a [rows, inner] b [inner, columns], all row-major; a transposed operand is
/// stored as its transpose.
struct MatmulArguments {
  Device device;
  std::int64_t rows = 0;
  std::int64_t inner = 0;
  std::int64_t columns = 0;
  const float* a = nullptr;
  bool a_transposed = false;
  const float* b = nullptr;
  bool b_transposed = false;
  float* c = nullptr;
};

namespace cpu {
/// In pieces of c's rows that do not depend on threads.
void matmul(const MatmulArguments& arguments);
}  // namespace cpu

namespace cuda {
void matmul(const MatmulArguments& arguments);
}  // namespace cuda

}  // namespace spiketape
