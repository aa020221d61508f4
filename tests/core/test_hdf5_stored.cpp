#include "core/hdf5_stored.hpp"

#include <hdf5.h>

#include <array>
#include <filesystem>
#include <vector>

#include <doctest/doctest.h>

using spiketape::values_are_stored;

namespace {

/// An HDF5 file in memory.
class MemoryFile {
 public:
  MemoryFile() {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_core(access, 1 << 16, false);
    id_ = H5Fcreate("spiketape-test", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    REQUIRE(id_ >= 0);
  }
  ~MemoryFile() { H5Fclose(id_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  struct Options {
    hsize_t chunk = 0;  ///< values; 0: no chunks
    bool deflate = false;
    const char* external = nullptr;
    std::size_t write = 0;  ///< zeros that are written; 0: none
  };

  /// Whether a data set of 32-bit integers is stored.
  bool stored(const std::vector<hsize_t>& sizes, const Options& options) {
    const std::vector<hsize_t> most(sizes.size(), H5S_UNLIMITED);  // lets chunks be larger
    const hid_t space = H5Screate_simple(
        static_cast<int>(sizes.size()), sizes.data(), options.chunk > 0 ? most.data() : nullptr);
    const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    const std::vector<hsize_t> chunk(sizes.size(), options.chunk);
    if (options.chunk > 0) H5Pset_chunk(layout, static_cast<int>(chunk.size()), chunk.data());
    if (options.deflate) H5Pset_deflate(layout, 9);
    if (options.external != nullptr) H5Pset_external(layout, options.external, 0, H5F_UNLIMITED);
    const hid_t data =
        H5Dcreate2(id_, "x", H5T_NATIVE_INT32, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    REQUIRE(data >= 0);
    const std::vector<std::int32_t> zeros(options.write);
    if (!zeros.empty())
      H5Dwrite(data, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros.data());
    H5Fflush(id_, H5F_SCOPE_GLOBAL);
    const bool found = values_are_stored(data);
    H5Dclose(data);
    H5Pclose(layout);
    H5Sclose(space);
    H5Ldelete(id_, "x", H5P_DEFAULT);
    return found;
  }

 private:
  hid_t id_ = -1;
};

}  // namespace

TEST_CASE("values that were written are stored, in every layout") {
  MemoryFile file;
  CHECK(file.stored({1000}, {.write = 1000}));
  CHECK(file.stored({10, 100}, {.chunk = 7, .write = 1000}));
  CHECK(file.stored({1000}, {.chunk = 3000, .write = 1000}));
  CHECK(file.stored({1000000}, {.chunk = 1000000, .deflate = true, .write = 1000000}));
}

TEST_CASE("no values are always stored") {
  MemoryFile file;
  CHECK(file.stored({0}, {}));
  CHECK(file.stored({hsize_t{1} << 40, 0}, {}));
}

TEST_CASE("a shape without the values, also one beyond 64 bits, is not stored") {
  MemoryFile file;
  CHECK_FALSE(file.stored({1000}, {}));
  CHECK_FALSE(file.stored({hsize_t{1} << 40}, {.chunk = 4}));
  CHECK_FALSE(file.stored({hsize_t{1} << 40}, {.chunk = 4, .deflate = true}));
  CHECK_FALSE(file.stored({hsize_t{1} << 32, hsize_t{1} << 32}, {.chunk = 4}));
  CHECK_FALSE(file.stored({hsize_t{1} << 60, 4}, {.chunk = 4}));  // its bytes are 2^64
}

TEST_CASE("values in another file are not stored") {
  MemoryFile file;
  CHECK_FALSE(file.stored({1000}, {.external = "/dev/zero"}));
}
