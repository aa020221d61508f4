#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/tensor.hpp"

namespace spiketape::apps {

/// Numbers of an HDF5 file by name, whatever type they were stored in. Every error is a DataError
/// that names the file, the item, what was expected and what is there.
class Hdf5Reader {
 public:
  /// An array of doubles with its shape; a scalar has the shape [].
  struct Array {
    Shape shape;
    std::vector<double> values;
  };

  /// Opens `path` for reading. @throws DataError when it is missing or not HDF5.
  explicit Hdf5Reader(std::string path);
  ~Hdf5Reader();
  Hdf5Reader(const Hdf5Reader&) = delete;
  Hdf5Reader& operator=(const Hdf5Reader&) = delete;

  const std::string& path() const { return path_; }
  /// Whether there is an item ("w0", "layer0/active") or a root attribute of that name.
  bool has(const std::string& item) const;
  bool has_attribute(const std::string& name) const;

  double number_attribute(const std::string& name) const;
  std::vector<std::int64_t> integers_attribute(const std::string& name) const;
  std::string text_attribute(const std::string& name) const;

  Array numbers(const std::string& item) const;
  /// Integers of rank 1, or of rank 2 with `columns` columns, row-major.
  std::vector<std::int64_t> integers(const std::string& item, std::int64_t columns) const;
  /// A float32 tensor of the item's shape.
  Tensor tensor(const std::string& item) const;

 private:
  struct File;

  std::string path_;
  std::unique_ptr<File> file_;
};

}  // namespace spiketape::apps
