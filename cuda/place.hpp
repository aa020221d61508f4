#pragma once

namespace spiketape::cuda {

/// A place in our sources; current() as a default argument is the caller's. As
/// std::source_location, which clang 14 and its tools lack.
struct Place {
  const char* file;
  unsigned line;

  static constexpr Place current(const char* file = __builtin_FILE(),
                                 unsigned line = __builtin_LINE()) {
    return {file, line};
  }
};

}  // namespace spiketape::cuda
