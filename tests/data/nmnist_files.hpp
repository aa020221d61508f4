#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include <fmt/format.h>

#include "data/nmnist_convert.hpp"
#include "tests/data/idx_files.hpp"

/// Handmade recordings in the five-byte format of N-MNIST.
namespace spiketape::testing {

inline void put(Bytes& bytes, std::uint8_t x, std::uint8_t y, bool on, std::uint32_t microseconds) {
  bytes.push_back(x);
  bytes.push_back(y);
  bytes.push_back(static_cast<std::uint8_t>((on ? 0x80u : 0u) | (microseconds >> 16 & 0x7fu)));
  bytes.push_back(static_cast<std::uint8_t>(microseconds >> 8 & 0xffu));
  bytes.push_back(static_cast<std::uint8_t>(microseconds & 0xffu));
}

inline void write_recording(const std::filesystem::path& file, const Bytes& bytes) {
  std::filesystem::create_directories(file.parent_path());
  write_plain(file, bytes);
}

/// Events around a pixel that tells the digit, with all that real files may have: pixels outside
/// the camera, repeats, times on the edges of steps, late ones, a clock that overflows.
inline Bytes noisy_recording(int digit, unsigned seed, int events) {
  std::minstd_rand random(seed + 1);
  const auto below = [&](std::uint32_t limit) {
    return static_cast<std::uint32_t>(random() % limit);
  };
  Bytes bytes;
  for (int e = 0; e < events; ++e) {
    const auto x = static_cast<std::uint8_t>(3u * static_cast<unsigned>(digit) + below(6));
    const auto y = static_cast<std::uint8_t>(below(50) == 0 ? 34 + below(5) : 10 + below(6));
    const std::uint32_t at = below(305000);
    put(bytes, x, y, below(2) == 1, below(4) == 0 ? at / 1000 * 1000 : at);
  }
  put(bytes, 0, 240, false, 0);
  put(bytes, 5, 5, true, 300000 - 8192 - 1);
  put(bytes, 5, 5, true, 300000 - 8192);
  return bytes;
}

/// A data set of both halves, `train` and `test` recordings of digits in turn.
inline void write_small_nmnist(const std::filesystem::path& folder,
                               int train,
                               int test,
                               int events = 150) {
  const auto write_half = [&](const char* half, int recordings) {
    for (int i = 0; i < recordings; ++i)
      write_recording(folder / half / std::to_string(i % 10) / fmt::format("{:05}.bin", i + 1),
                      noisy_recording(i % 10, static_cast<unsigned>(i), events));
  };
  write_half("Train", train);
  write_half("Test", test);
}

/// The same data set as event files in the folder `out`, which is made.
inline void convert_small_nmnist(const std::filesystem::path& folder,
                                 const std::filesystem::path& out) {
  std::filesystem::create_directories(out);
  for (const NmnistConversion& half : plan_nmnist_conversion(folder, out)) convert_nmnist(half);
}

}  // namespace spiketape::testing
