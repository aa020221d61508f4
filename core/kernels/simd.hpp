#pragma once

#include <cstdint>
#include <string_view>

/// The vector instructions that the kernels chose at run time. Kernel files are compiled once for
/// each of portable (128-bit), AVX2 and AVX-512 code by Google Highway, and each call takes the
/// best one of this machine.
namespace spiketape {

/// "AVX3" (AVX-512), "AVX2", "NEON", "EMU128" (portable)...
std::string_view vector_target();

/// Floats of padding that SampleRows use: a multiple of every vector width.
inline constexpr std::int64_t kRowAlignment = 16;

/// `columns` rounded up to whole vectors.
inline std::int64_t padded(std::int64_t columns) {
  return (columns + kRowAlignment - 1) / kRowAlignment * kRowAlignment;
}

}  // namespace spiketape
