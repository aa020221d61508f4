#include "data/event_file.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <H5Cpp.h>
#include <fmt/format.h>

#include "core/error.hpp"
#include "core/hdf5_stored.hpp"

namespace spiketape {
namespace {

namespace fs = std::filesystem;

/// Recordings that are in memory at once before they are binned.
constexpr hsize_t kChunk = 256;

/// A few bytes can claim a shape that no memory holds.
void require_stored(const H5::DataSet& data, const std::string& path, const std::string& item) {
  if (!values_are_stored(data.getId()))
    throw DataError(fmt::format(
        "{}: {} claims more values than the file holds; is it whole? Write it anew", path, item));
}

/// A variable-length data set, read a slice at a time as T.
template <typename T>
class Lists {
 public:
  Lists(const H5::H5File& file, const std::string& path, const std::string& item)
      : path_(path), item_(item), data_(file.openDataSet(item)), type_(&memory_type()) {
    if (data_.getTypeClass() != H5T_VLEN || data_.getSpace().getSimpleExtentNdims() != 1)
      throw DataError(fmt::format(
          "{}: {} is no list of variable-length lists; expected the layout of SHD files, one list "
          "of events a recording",
          path,
          item));
    require_stored(data_, path, item);
    data_.getSpace().getSimpleExtentDims(&size_);
  }
  ~Lists() { release(); }
  Lists(const Lists&) = delete;
  Lists& operator=(const Lists&) = delete;

  hsize_t size() const { return size_; }

  /// Reads recordings [first, first + count); list() counts from `first`.
  void read(hsize_t first, hsize_t count) {
    release();
    const H5::DataSpace space = data_.getSpace();
    space.selectHyperslab(H5S_SELECT_SET, &count, &first);
    held_ = H5::DataSpace(1, &count);
    lists_.assign(count, hvl_t{});
    data_.read(lists_.data(), type_, held_, space);
  }
  std::size_t length(hsize_t i) const { return lists_[i].len; }
  const T* list(hsize_t i) const { return static_cast<const T*>(lists_[i].p); }

 private:
  static const H5::PredType& memory_type() {
    if constexpr (std::is_same_v<T, double>)
      return H5::PredType::NATIVE_DOUBLE;
    else
      return H5::PredType::NATIVE_INT64;
  }
  void release() {
    if (!lists_.empty()) H5Dvlen_reclaim(type_.getId(), held_.getId(), H5P_DEFAULT, lists_.data());
    lists_.clear();
  }

  const std::string& path_;
  const std::string& item_;
  H5::DataSet data_;
  H5::VarLenType type_;
  H5::DataSpace held_;
  hsize_t size_ = 0;
  std::vector<hvl_t> lists_;
};

std::vector<std::int64_t> read_labels(const H5::H5File& file, const std::string& path) {
  const H5::DataSet data = file.openDataSet("labels");
  if (data.getTypeClass() != H5T_INTEGER || data.getSpace().getSimpleExtentNdims() != 1)
    throw DataError(
        fmt::format("{}: labels is no list of integers; expected one a recording", path));
  require_stored(data, path, "labels");
  std::vector<std::int64_t> labels(
      static_cast<std::size_t>(data.getSpace().getSimpleExtentNpoints()));
  data.read(labels.data(), H5::PredType::NATIVE_INT64);
  return labels;
}

EventFileData load(const std::string& path, const EventFileOptions& options) {
  const H5::H5File file(path, H5F_ACC_RDONLY);
  const std::string time_item = "spikes/times";
  const std::string unit_item = "spikes/units";
  Lists<double> times(file, path, time_item);
  Lists<std::int64_t> units(file, path, unit_item);
  const std::vector<std::int64_t> labels = read_labels(file, path);
  if (times.size() != units.size() || times.size() != labels.size())
    throw DataError(
        fmt::format("{}: {} lists of times, {} of units and {} labels; expected as many of each",
                    path,
                    times.size(),
                    units.size(),
                    labels.size()));
  const std::int64_t channels = (options.units - 1) / options.coarsen + 1;
  EventFileData data{EventDataset(options.binning.steps, channels, options.classes), {}};
  Binner binner(options.binning, channels);
  for (hsize_t first = 0; first < times.size(); first += kChunk) {
    const hsize_t count = std::min(kChunk, times.size() - first);
    times.read(first, count);
    units.read(first, count);
    for (hsize_t i = 0; i < count; ++i) {
      const hsize_t recording = first + i;
      if (times.length(i) != units.length(i))
        throw DataError(fmt::format("{}: recording {} has {} times but {} units; expected as many",
                                    path,
                                    recording,
                                    times.length(i),
                                    units.length(i)));
      for (std::size_t e = 0; e < times.length(i); ++e) {
        const std::int64_t unit = units.list(i)[e];
        const bool inside = unit >= 0 && unit < options.units;
        binner.add(times.list(i)[e], inside ? unit / options.coarsen : -1);
      }
      const std::int64_t label = labels[recording];
      if (label < 0 || label >= options.classes)
        throw DataError(fmt::format("{}: recording {} has label {}; expected 0 to {}",
                                    path,
                                    recording,
                                    label,
                                    options.classes - 1));
      data.recordings.append(binner.finish(), static_cast<std::int32_t>(label));
    }
  }
  data.report = binner.report();
  if (options.strict && data.report.bad_time > 0)
    throw DataError(fmt::format(
        "{}: {} events have no finite time at or after 0; leave out --strict to drop them",
        path,
        data.report.bad_time));
  return data;
}

}  // namespace

EventFileData load_event_file(const fs::path& file, const EventFileOptions& options) {
  if (options.coarsen < 1 || options.coarsen > options.units)
    throw ShapeError(fmt::format(
        "event file: expected to join 1 to {} units, got {}", options.units, options.coarsen));
  const std::string path = file.string();
  if (std::error_code error; !fs::is_regular_file(file, error))
    throw DataError(
        fmt::format("{}: no such file; expected recordings in the layout of SHD", path));
  H5::Exception::dontPrint();
  try {
    return load(path, options);
  } catch (const H5::Exception& error) {
    throw DataError(fmt::format(
        "{}: {} ({}); expected an HDF5 file with spikes/times, spikes/units and labels. Is it "
        "whole?",
        path,
        error.getDetailMsg(),
        error.getFuncName()));
  }
}

fs::path find_event_file(const fs::path& folder, std::string_view set, std::string_view part) {
  const std::array names{fmt::format("{}_{}.h5", set, part), fmt::format("{}_{}.h5", part, set)};
  for (const std::string& name : names)
    if (std::error_code error; fs::is_regular_file(folder / name, error)) return folder / name;
  throw DataError(fmt::format("{}: no recordings; looked for {} and {}. Unpack them there",
                              folder.string(),
                              names[0],
                              names[1]));
}

}  // namespace spiketape
