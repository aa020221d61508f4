// Sound HDF5 files that begin as checkpoints do, but hold what no checkpoint of ours holds.
#include <hdf5.h>

#include <array>
#include <cstdint>

#include <doctest/doctest.h>

#include "layers/checkpoint.hpp"
#include "tests/layers/checkpoint_files.hpp"

namespace spiketape {
namespace {

using testing::message_of;
using testing::remove_seal;
using testing::TemporaryFile;

/// An empty checkpoint without a seal, open for writing.
class Opened {
 public:
  Opened() {
    save_checkpoint(file_.path(), {});
    remove_seal(file_.path());
    id_ = H5Fopen(file_.path().c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  }
  ~Opened() {
    if (id_ >= 0) H5Fclose(id_);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  hid_t id() const { return id_; }
  /// Closes the file and reads it as a checkpoint.
  std::string message() {
    H5Fclose(id_);
    id_ = -1;
    return message_of([&] { load_checkpoint(file_.path()); });
  }

 private:
  TemporaryFile file_;
  hid_t id_ = -1;
};

void put_dataset(hid_t file, const char* name, hid_t type, hid_t space, bool chunked = false) {
  const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk = 1;
  if (chunked) H5Pset_chunk(layout, 1, &chunk);
  const hid_t made = H5Dcreate2(file, name, type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
  REQUIRE(made >= 0);
  H5Dclose(made);
  H5Pclose(layout);
}

void replace_attribute(hid_t file, const char* name, hid_t type, hsize_t values) {
  H5Adelete(file, name);
  const hid_t space = H5Screate_simple(1, &values, nullptr);
  const hid_t made = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  REQUIRE(made >= 0);
  const std::string zeros(H5Tget_size(type) * values, '\0');
  H5Awrite(made, type, zeros.data());
  H5Aclose(made);
  H5Sclose(space);
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a parameter that claims terabytes is refused before memory is asked for") {
  for (const hsize_t size : {hsize_t{1} << 40, hsize_t{1} << 61, hsize_t{1} << 62}) {
    CAPTURE(size);
    Opened file;
    const hid_t space = H5Screate_simple(1, &size, nullptr);
    put_dataset(file.id(), "parameters/huge", H5T_NATIVE_FLOAT, space, true);
    H5Sclose(space);
    CHECK(contains(file.message(), "'parameters/huge' cannot be read"));
  }
}

TEST_CASE("an empty parameter with an axis that no tensor can have is refused") {
  for (const std::array<hsize_t, 3> shape :
       {std::array<hsize_t, 3>{hsize_t{1} << 60, 1, 0}, {hsize_t{1} << 40, hsize_t{1} << 40, 0}}) {
    Opened file;
    const hid_t space = H5Screate_simple(3, shape.data(), nullptr);
    put_dataset(file.id(), "parameters/empty", H5T_NATIVE_FLOAT, space);
    H5Sclose(space);
    CHECK(contains(file.message(), "'parameters/empty' cannot be read"));
  }
}

TEST_CASE("an attribute of several values where one is expected is refused") {
  for (const char* name : {"epoch", "batch", "format_version"}) {
    CAPTURE(name);
    Opened file;
    replace_attribute(file.id(), name, H5T_NATIVE_INT64, 1000);
    CHECK(contains(file.message(), "is missing; this is not a spiketape checkpoint"));
  }
  Opened file;
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, 20);
  replace_attribute(file.id(), "format", text, 1000);
  H5Tclose(text);
  CHECK(contains(file.message(), "not a spiketape checkpoint"));
}

TEST_CASE("texts of variable length and texts that claim gigabytes are refused") {
  const hid_t scalar = H5Screate(H5S_SCALAR);
  // 2^32 bytes are written as 0, by which libhdf5 would divide.
  for (const std::size_t size :
       {std::size_t{H5T_VARIABLE}, std::size_t{1} << 30, std::size_t{1} << 32}) {
    CAPTURE(size);
    Opened file;
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, size);
    put_dataset(file.id(), "attributes/text", text, scalar);
    H5Tclose(text);
    CHECK(contains(file.message(), "'attributes/text' cannot be read"));
  }
  H5Sclose(scalar);
}

TEST_CASE("parameters come sorted by name, whatever the order in the file") {
  const TemporaryFile file;
  save_checkpoint(file.path(), {});
  remove_seal(file.path());
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);  // groups by time of creation
  const hid_t opened = H5Fopen(file.path().c_str(), H5F_ACC_RDWR, access);
  H5Ldelete(opened, "parameters", H5P_DEFAULT);
  H5Gclose(H5Gcreate2(opened, "parameters", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  const hsize_t none = 0;
  const hid_t space = H5Screate_simple(1, &none, nullptr);
  for (const char* name : {"parameters/b", "parameters/c", "parameters/a"})
    put_dataset(opened, name, H5T_NATIVE_FLOAT, space);
  H5Sclose(space);
  H5Pclose(access);
  H5Fclose(opened);
  const Checkpoint loaded = load_checkpoint(file.path());
  REQUIRE(loaded.parameters.size() == 3);
  CHECK(loaded.parameters[0].name == "a");
  CHECK(loaded.parameters[1].name == "b");
  CHECK(loaded.parameters[2].name == "c");
}

}  // namespace spiketape
