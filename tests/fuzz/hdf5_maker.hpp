#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/fuzz/source.hpp"

namespace spiketape::fuzz {

/// An HDF5 identifier of any kind; one that failed may be used and fails again.
class Id {
 public:
  explicit Id(hid_t id) : id_(id) {}
  Id(Id&& other) noexcept : id_(other.id_) { other.id_ = H5I_INVALID_HID; }
  Id& operator=(Id&&) = delete;
  ~Id() {
    if (id_ >= 0) H5Idec_ref(id_);
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;

  operator hid_t() const { return id_; }  // NOLINT(google-explicit-constructor): it is one to HDF5

 private:
  hid_t id_;
};

/// Writes an HDF5 file through the library, so that it is a sound file, but with types, shapes,
/// layouts, values and links that a fuzzer decides. A source without bytes gives what readers
/// expect.
class Hdf5Maker {
 public:
  /// What a reader expects to find.
  enum class Kind { integers, reals, integer_lists, real_lists, text };

  Hdf5Maker(Source& source, const std::filesystem::path& path);

  /// Mostly a group; may be a data set, a link or nothing.
  void group(const std::string& name);
  /// Mostly [count] values of that kind, or a single one when `scalar`.
  void dataset(const std::string& name, Kind kind, hsize_t count, bool scalar = false);
  /// An attribute of the root, mostly one value.
  void attribute(const char* name, std::int64_t expected);
  void attribute(const char* name, const std::string& expected);

 private:
  struct Space {
    Id id;
    std::vector<hsize_t> dims;
    hsize_t points;
  };

  Id any_type(unsigned depth);
  Id type_of(Kind kind);
  Space space_of(hsize_t count, bool scalar);
  Id layout_of(const Space& space);
  void any_link(const std::string& name);
  void any_attribute(const char* name);
  void write(hid_t dataset, hid_t type, hsize_t points, Kind kind);
  void write_lists(hid_t dataset, hid_t type, hsize_t points, Kind kind);
  std::vector<std::uint8_t> junk(std::size_t size);

  Source& source_;
  Id file_;
};

/// Files, groups, data sets, types and attributes that are open now.
inline long open_ids() {
  return H5Fget_obj_count(static_cast<hid_t>(H5F_OBJ_ALL), static_cast<unsigned>(H5F_OBJ_ALL));
}

}  // namespace spiketape::fuzz
