#include "apps/hdf5_reader.hpp"

#include <filesystem>

#include <H5Cpp.h>
#include <fmt/format.h>

#include "core/error.hpp"
#include "core/hdf5_section.hpp"
#include "core/hdf5_stored.hpp"

namespace spiketape::apps {
namespace {

Shape shape_of(const H5::DataSpace& space) {
  std::vector<hsize_t> sizes(static_cast<std::size_t>(space.getSimpleExtentNdims()));
  if (!sizes.empty()) space.getSimpleExtentDims(sizes.data());
  return {sizes.begin(), sizes.end()};
}

/// Attributes and data sets are read alike.
template <typename T>
std::vector<T> read_values(const H5::Attribute& attribute, const H5::PredType& type) {
  std::vector<T> values(static_cast<std::size_t>(element_count(shape_of(attribute.getSpace()))));
  if (!values.empty()) attribute.read(type, values.data());
  return values;
}

template <typename T>
std::vector<T> read_values(const H5::DataSet& data, const H5::PredType& type) {
  std::vector<T> values(static_cast<std::size_t>(element_count(shape_of(data.getSpace()))));
  if (!values.empty()) data.read(values.data(), type);
  return values;
}

void require_numbers(H5T_class_t type, const std::string& path, const std::string& item) {
  if (type != H5T_INTEGER && type != H5T_FLOAT)
    throw DataError(fmt::format("{}: '{}' must hold numbers", path, item));
}

/// Before memory is asked for: a few bytes can claim a shape that no memory holds.
void require_values(const H5::DataSet& data, const std::string& path, const std::string& item) {
  require_numbers(data.getTypeClass(), path, item);
  if (!values_are_stored(data.getId()))
    throw DataError(fmt::format("{}: '{}' claims more values than the file holds", path, item));
}

/// Runs `read` and puts file and item in front of what HDF5 says.
template <typename Read>
auto with_place(const std::string& path, const std::string& item, Read&& read) {
  const Hdf5Section section;
  try {
    return read();
  } catch (const H5::Exception& error) {
    throw DataError(
        fmt::format("{}: cannot read '{}' ({}); is it missing, or is the file cut short?",
                    path,
                    item,
                    error.getDetailMsg()));
  }
}

}  // namespace

struct Hdf5Reader::File {
  H5::H5File file;
};

Hdf5Reader::Hdf5Reader(std::string path) : path_(std::move(path)) {
  if (!std::filesystem::is_regular_file(path_))
    throw DataError(fmt::format("{}: there is no such file", path_));
  const Hdf5Section section;
  try {
    file_ = std::make_unique<File>(File{H5::H5File(path_, H5F_ACC_RDONLY)});
  } catch (const H5::Exception&) {
    throw DataError(fmt::format("{}: not an HDF5 file, or one cut short", path_));
  }
}

Hdf5Reader::~Hdf5Reader() {
  const Hdf5Section section;
  file_.reset();
}

bool Hdf5Reader::has(const std::string& item) const {
  const Hdf5Section section;
  for (std::size_t slash = item.find('/'); slash != std::string::npos;
       slash = item.find('/', slash + 1))
    if (!file_->file.nameExists(item.substr(0, slash))) return false;
  return file_->file.nameExists(item);
}

bool Hdf5Reader::has_attribute(const std::string& name) const {
  const Hdf5Section section;
  return file_->file.attrExists(name);
}

double Hdf5Reader::number_attribute(const std::string& name) const {
  return with_place(path_, name, [&] {
    const H5::Attribute attribute = file_->file.openAttribute(name);
    require_numbers(attribute.getTypeClass(), path_, name);
    const auto values = read_values<double>(attribute, H5::PredType::NATIVE_DOUBLE);
    if (values.size() != 1)
      throw DataError(
          fmt::format("{}: '{}' must be one number, got {}", path_, name, values.size()));
    return values[0];
  });
}

std::vector<std::int64_t> Hdf5Reader::integers_attribute(const std::string& name) const {
  return with_place(path_, name, [&] {
    const H5::Attribute attribute = file_->file.openAttribute(name);
    require_numbers(attribute.getTypeClass(), path_, name);
    return read_values<std::int64_t>(attribute, H5::PredType::NATIVE_INT64);
  });
}

std::string Hdf5Reader::text_attribute(const std::string& name) const {
  return with_place(path_, name, [&] {
    const H5::Attribute attribute = file_->file.openAttribute(name);
    if (attribute.getTypeClass() != H5T_STRING)
      throw DataError(fmt::format("{}: '{}' must be a text", path_, name));
    std::string text;
    attribute.read(attribute.getStrType(), text);
    return text;
  });
}

Hdf5Reader::Array Hdf5Reader::numbers(const std::string& item) const {
  return with_place(path_, item, [&] {
    const H5::DataSet data = file_->file.openDataSet(item);
    require_values(data, path_, item);
    return Array{shape_of(data.getSpace()), read_values<double>(data, H5::PredType::NATIVE_DOUBLE)};
  });
}

std::vector<std::int64_t> Hdf5Reader::integers(const std::string& item,
                                               std::int64_t columns) const {
  return with_place(path_, item, [&] {
    const H5::DataSet data = file_->file.openDataSet(item);
    require_values(data, path_, item);
    const Shape shape = shape_of(data.getSpace());
    const bool fits = columns == 1 ? shape.size() == 1 : shape.size() == 2 && shape[1] == columns;
    if (!fits)
      throw DataError(fmt::format("{}: '{}' must have {} column{}, its shape is {}",
                                  path_,
                                  item,
                                  columns,
                                  columns == 1 ? "" : "s",
                                  to_string(shape)));
    return read_values<std::int64_t>(data, H5::PredType::NATIVE_INT64);
  });
}

Tensor Hdf5Reader::tensor(const std::string& item) const {
  const Array array = numbers(item);
  Tensor tensor(array.shape);
  for (std::size_t i = 0; i < array.values.size(); ++i)
    tensor.data()[i] = static_cast<float>(array.values[i]);
  return tensor;
}

}  // namespace spiketape::apps
