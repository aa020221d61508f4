#pragma once

#include <filesystem>
#include <string>

#include "tests/fuzz/source.hpp"

namespace spiketape::fuzz {

/// A file in memory that has a path, for readers that take one.
class ScratchFile {
 public:
  explicit ScratchFile(Bytes bytes = {});
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(number_); }

 private:
  int number_;
};

/// An empty folder in memory where the system has one, removed when the program ends.
const std::filesystem::path& scratch_folder();

/// Ends the program, which a fuzzer takes for a crash: `what` must hold for every input.
void require(bool holds, const char* what);

}  // namespace spiketape::fuzz
