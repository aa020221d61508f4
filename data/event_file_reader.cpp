#include "data/event_file_reader.hpp"

#include <algorithm>
#include <type_traits>

#include <H5Cpp.h>
#include <fmt/format.h>

#include "core/error.hpp"
#include "core/hdf5_section.hpp"
#include "core/hdf5_stored.hpp"

// Every function that meets HDF5 opens an Hdf5Section first; destructors that close something run
// inside one.

namespace spiketape {
namespace {

namespace fs = std::filesystem;

/// A few bytes can claim a shape that no memory holds.
void require_stored(const H5::DataSet& data, const std::string& path, const std::string& item) {
  if (!values_are_stored(data.getId()))
    throw DataError(fmt::format(
        "{}: {} claims more values than the file holds; is it whole? Write it anew", path, item));
}

/// "float32", "int64", "uint8"; or "" for what is no number.
std::string number_type(const H5::DataType& type) {
  const std::size_t bits = type.getSize() * 8;
  if (type.getClass() == H5T_FLOAT) return fmt::format("float{}", bits);
  if (type.getClass() != H5T_INTEGER) return "";
  return fmt::format("{}int{}", H5Tget_sign(type.getId()) == H5T_SGN_NONE ? "u" : "", bits);
}

/// A list of variable-length lists, read a slice at a time as T.
template <typename T>
class Lists {
 public:
  Lists(const H5::H5File& file, const std::string& path, const std::string& item)
      : data_(file.openDataSet(item)), type_(&memory_type()) {
    if (data_.getTypeClass() == H5T_VLEN && data_.getSpace().getSimpleExtentNdims() == 1) {
      const H5::DataType stored = data_.getVarLenType().getSuper();
      stored_ = number_type(stored);
      bytes_ = stored.getSize();
    }
    if (stored_.empty())
      throw DataError(fmt::format(
          "{}: {} is no list of variable-length lists of numbers; expected the layout of SHD "
          "files, one list of events a recording",
          path,
          item));
    require_stored(data_, path, item);
    data_.getSpace().getSimpleExtentDims(&size_);
  }

  hsize_t size() const { return size_; }
  const std::string& stored() const { return stored_; }
  std::size_t bytes() const { return bytes_; }

  /// Some of the lists, freed with the object.
  class Slice {
   public:
    // Delegates, so that what a failed read has allocated is freed.
    Slice(const Lists& lists, hsize_t first, hsize_t count) : Slice(lists, count) {
      const H5::DataSpace space = lists.data_.getSpace();
      space.selectHyperslab(H5S_SELECT_SET, &count, &first);
      lists.data_.read(lists_.data(), type_, held_, space);
    }
    ~Slice() { H5Dvlen_reclaim(type_.getId(), held_.getId(), H5P_DEFAULT, lists_.data()); }
    Slice(const Slice&) = delete;
    Slice& operator=(const Slice&) = delete;

    std::span<const T> operator[](std::size_t i) const {
      return {static_cast<const T*>(lists_[i].p), lists_[i].len};
    }

   private:
    Slice(const Lists& lists, hsize_t count)
        : type_(lists.type_), held_(1, &count), lists_(count) {}

    const H5::VarLenType& type_;
    H5::DataSpace held_;
    std::vector<hvl_t> lists_;
  };

 private:
  static const H5::PredType& memory_type() {
    if constexpr (std::is_same_v<T, double>)
      return H5::PredType::NATIVE_DOUBLE;
    else
      return H5::PredType::NATIVE_INT64;
  }

  H5::DataSet data_;
  H5::VarLenType type_;
  std::string stored_;
  std::size_t bytes_ = 0;
  hsize_t size_ = 0;
};

H5::H5File open_file(const std::string& path) {
  const H5::FileAccPropList access;
  H5Pset_file_locking(access.getId(), false, true);  // some network file systems have no locks
  return {path, H5F_ACC_RDONLY, H5::FileCreatPropList::DEFAULT, access};
}

std::vector<std::int64_t> read_labels(const H5::H5File& file, const std::string& path) {
  const H5::DataSet data = file.openDataSet("labels");
  if (data.getTypeClass() != H5T_INTEGER || data.getSpace().getSimpleExtentNdims() != 1)
    throw DataError(
        fmt::format("{}: labels is no list of integers; expected one a recording", path));
  require_stored(data, path, "labels");
  std::vector<std::int64_t> labels(
      static_cast<std::size_t>(data.getSpace().getSimpleExtentNpoints()));
  if (!labels.empty()) data.read(labels.data(), H5::PredType::NATIVE_INT64);
  return labels;
}

std::int64_t read_format(const H5::H5File& file, const std::string& path) {
  if (!file.attrExists("spiketape_format")) return 0;
  std::int64_t format = 0;
  const H5::Attribute attribute = file.openAttribute("spiketape_format");
  if (attribute.getSpace().getSimpleExtentNpoints() == 1)
    attribute.read(H5::PredType::NATIVE_INT64, &format);
  if (format < 1 || format > kEventFileFormat)
    throw DataError(
        fmt::format("{}: spiketape_format {} is not known here (1..{}); use a newer spiketape, or "
                    "convert again",
                    path,
                    format,
                    kEventFileFormat));
  return format;
}

}  // namespace

struct EventFileReader::File {
  explicit File(const std::string& path)
      : file(open_file(path)),
        times(file, path, "spikes/times"),
        units(file, path, "spikes/units") {}

  H5::H5File file;
  Lists<double> times;
  Lists<std::int64_t> units;
};

EventFileReader::EventFileReader(const fs::path& file) : path_(file.string()) {
  if (std::error_code error; !fs::is_regular_file(file, error))
    throw DataError(
        fmt::format("{}: no such file; expected recordings in the layout of SHD", path_));
  const Hdf5Section section;
  try {
    open();
  } catch (const H5::Exception& error) {
    file_.reset();
    throw DataError(fmt::format(
        "{}: {} ({}); expected an HDF5 file with spikes/times, spikes/units and labels. Is it "
        "whole?",
        path_,
        error.getDetailMsg(),
        error.getFuncName()));
  } catch (...) {
    file_.reset();
    throw;
  }
}

void EventFileReader::open() {
  file_ = std::make_unique<File>(path_);
  format_ = read_format(file_->file, path_);
  if (format_ > 0 && file_->file.attrExists("source")) {
    const H5::Attribute source = file_->file.openAttribute("source");
    if (source.getTypeClass() == H5T_STRING) source.read(source.getStrType(), source_);
  }
  labels_ = read_labels(file_->file, path_);
  if (file_->times.size() != file_->units.size() || file_->times.size() != labels_.size())
    throw DataError(
        fmt::format("{}: {} lists of times, {} of units and {} labels; expected as many of each",
                    path_,
                    file_->times.size(),
                    file_->units.size(),
                    labels_.size()));
  time_type_ = file_->times.stored();
  unit_type_ = file_->units.stored();
  // Filters never reach the lists: HDF5 keeps those of variable length apart, as they are.
  most_events_ = static_cast<std::int64_t>(file_->file.getFileSize() /
                                           (file_->times.bytes() + file_->units.bytes()));
}

EventFileReader::~EventFileReader() {
  const Hdf5Section section;
  file_.reset();
}

void EventFileReader::read(std::int64_t first, std::int64_t count, const Visit& visit) const {
  const Hdf5Section section;
  try {
    const auto begin = static_cast<hsize_t>(first);
    const auto size = static_cast<hsize_t>(count);
    const Lists<double>::Slice times(file_->times, begin, size);
    const Lists<std::int64_t>::Slice units(file_->units, begin, size);
    for (std::size_t i = 0; i < size; ++i) {
      const std::int64_t recording = first + static_cast<std::int64_t>(i);
      if (times[i].size() != units[i].size())
        throw DataError(fmt::format("{}: recording {} has {} times but {} units; expected as many",
                                    path_,
                                    recording,
                                    times[i].size(),
                                    units[i].size()));
      visit(recording, times[i], units[i]);
    }
  } catch (const H5::Exception& error) {
    throw DataError(fmt::format(
        "{}: recordings {} to {} cannot be read: {} ({}). Is the file whole? Copy or convert it "
        "again",
        path_,
        first,
        first + count - 1,
        error.getDetailMsg(),
        error.getFuncName()));
  }
}

}  // namespace spiketape
