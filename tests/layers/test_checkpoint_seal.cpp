#include "layers/checkpoint_seal.hpp"

#include <hdf5.h>

#include <doctest/doctest.h>

#include "core/tensor.hpp"
#include "layers/checkpoint.hpp"
#include "tests/layers/checkpoint_files.hpp"

namespace spiketape {
namespace {

using testing::bytes_of;
using testing::message_of;
using testing::remove_seal;
using testing::TemporaryFile;
using testing::write_bytes;

bool is_refused(const TemporaryFile& file) {
  const std::string message = message_of([&] { load_checkpoint(file.path()); });
  return message.find("truncated or damaged") != std::string::npos ||
         message.find("no checkpoint") != std::string::npos;
}

/// The bytes of a small checkpoint, which lies at the file's path.
std::string make(const TemporaryFile& file) {
  Checkpoint saved;
  saved.parameters = {{"fc1/weight", Tensor::full({2, 3}, 0.5f)}};
  saved.epoch = 7;
  save_checkpoint(file.path(), saved);
  return bytes_of(file.path());
}

}  // namespace

TEST_CASE("a checkpoint begins with a text that says how long it is and its CRC-32") {
  const TemporaryFile file;
  const std::string bytes = make(file);
  CHECK(bytes.starts_with("spiketape checkpoint: HDF5 data from byte 512 on\nbytes " +
                          std::to_string(bytes.size() - kSealSize) + "\ncrc32 "));
  std::string known(kSealSize, 'x');
  known += "123456789";  // the check value of CRC-32 is that of these digits
  seal(std::as_writable_bytes(std::span(known)));
  CHECK(known.find("\nbytes 9\ncrc32 cbf43926\n") != std::string::npos);
}

TEST_CASE("damage to any byte of a checkpoint is seen before HDF5 reads it") {
  const TemporaryFile file;
  const std::string whole = make(file);
  CHECK(load_checkpoint(file.path()).epoch == 7);
  for (std::size_t place = 0; place < whole.size(); place += place < 600 ? 1 : 53) {
    CAPTURE(place);
    std::string damaged = whole;
    damaged[place] = static_cast<char>(damaged[place] ^ 0x10);
    write_bytes(file.path(), damaged);
    CHECK(is_refused(file));
  }
}

TEST_CASE("a checkpoint that is cut off or goes on behind its end is refused") {
  const TemporaryFile file;
  const std::string whole = make(file);
  for (const std::size_t size : {std::size_t{0},
                                 std::size_t{8},
                                 kSealSize - 1,
                                 kSealSize,
                                 kSealSize + 1,
                                 whole.size() / 2,
                                 whole.size() - 1}) {
    CAPTURE(size);
    write_bytes(file.path(), whole.substr(0, size));
    CHECK(is_refused(file));
  }
  write_bytes(file.path(), whole + '\0');
  CHECK(is_refused(file));
}

TEST_CASE("HDF5 reads a sealed file, and a checkpoint of the time before seals is read") {
  const TemporaryFile file;
  make(file);
  const hid_t opened = H5Fopen(file.path().c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  CHECK(H5Lexists(opened, "parameters/fc1/weight", H5P_DEFAULT) > 0);
  H5Fclose(opened);
  remove_seal(file.path());
  const Checkpoint loaded = load_checkpoint(file.path());
  CHECK(loaded.epoch == 7);
  CHECK(loaded.parameters.at(0).tensor.values()[5] == 0.5f);
}

}  // namespace spiketape
