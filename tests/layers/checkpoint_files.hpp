#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "core/error.hpp"
#include "layers/checkpoint_seal.hpp"
#include "tests/temporary_folder.hpp"

/// Files for the tests of checkpoints.
namespace spiketape::testing {

/// The path of a checkpoint in a new folder that is removed with its contents.
class TemporaryFile {
 public:
  std::filesystem::path path() const { return folder_ / "checkpoint.h5"; }

 private:
  TemporaryFolder folder_;
};

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// Leaves the HDF5 file alone, as checkpoints were before they had a seal.
inline void remove_seal(const std::filesystem::path& path) {
  write_bytes(path, bytes_of(path).substr(kSealSize));
}

inline std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const DataError& error) {
    return error.what();
  }
  return "no DataError";
}

}  // namespace spiketape::testing
