#include "data/event_file_writer.hpp"

#include <vector>

#include <H5Cpp.h>
#include <fmt/format.h>

#include "core/atomic_file.hpp"
#include "core/error.hpp"
#include "core/hdf5_section.hpp"
#include "data/event_file_reader.hpp"

// HDF5 buffers, and cannot give up cleanly when it finds the disk full as it closes a file. So the
// space for the largest file that could come of it is set aside first, and what was too much is cut
// off at the end. HDF5 empties the file that it creates, which gives the space back: it is asked
// for before, where a failure is harmless, and once more after.

namespace spiketape {
namespace {

namespace fs = std::filesystem;

/// HDF5 keeps lists in heaps of 4 KiB or more, which need not be full.
constexpr std::size_t kBytesOfRecording = 2 * 4096 + 256;
constexpr std::size_t kBytesOfEvent = sizeof(float) + sizeof(std::int32_t);
constexpr std::size_t kBytesOfFile = 16384;

std::size_t most_bytes(std::int64_t recordings, std::int64_t most_events) {
  return kBytesOfFile + static_cast<std::size_t>(recordings) * kBytesOfRecording +
         static_cast<std::size_t>(most_events) * kBytesOfEvent;
}

/// Locked, so that two programs do not write one file, where the file system has locks.
H5::H5File create_file(const std::string& path) {
  const H5::FileAccPropList access;
  H5Pset_file_locking(access.getId(), true, true);
  return {path, H5F_ACC_TRUNC, H5::FileCreatPropList::DEFAULT, access};
}

/// No times of creation: the same recordings give the same bytes.
H5::DSetCreatPropList without_times() {
  H5::DSetCreatPropList properties;
  H5Pset_obj_track_times(properties.getId(), false);
  return properties;
}

}  // namespace

struct EventFileWriter::File {
  File(const fs::path& path, std::int64_t count, std::int64_t most_events)
      : target(path), most(most_bytes(count, most_events)), recordings(count) {
    target.reserve(most);
  }

  void create(const std::string& source) {
    file = create_file(target.partial().string());
    target.reserve(most);
    const auto count = static_cast<hsize_t>(recordings);
    const H5::DataSpace one(H5S_SCALAR);
    file.createAttribute("spiketape_format", H5::PredType::STD_I32LE, one)
        .write(H5::PredType::NATIVE_INT64, &kEventFileFormat);
    const H5::StrType text(H5::PredType::C_S1, source.size());
    file.createAttribute("source", text, one).write(text, source);
    const H5::DSetCreatPropList properties = without_times();
    const H5::Group group = file.createGroup("spikes");
    const H5::VarLenType seconds(&H5::PredType::IEEE_F32LE);
    const H5::VarLenType numbers(&H5::PredType::STD_I32LE);
    times = group.createDataSet("times", seconds, H5::DataSpace(1, &count), properties);
    units = group.createDataSet("units", numbers, H5::DataSpace(1, &count), properties);
    labels =
        file.createDataSet("labels", H5::PredType::STD_I32LE, H5::DataSpace(1, &count), properties);
  }

  void append(std::span<const float> seconds,
              std::span<const std::int32_t> numbers,
              std::int32_t label) {
    write_list(times, seconds, H5::PredType::NATIVE_FLOAT);
    write_list(units, numbers, H5::PredType::NATIVE_INT32);
    label_of.push_back(label);
  }

  void finish() {
    if (!label_of.empty()) labels.write(label_of.data(), H5::PredType::NATIVE_INT32);
    file.flush(H5F_SCOPE_GLOBAL);
    const hsize_t bytes = file.getFileSize();
    close();
    target.resize(bytes);
    target.commit();
  }

  void close() {
    labels.close();
    units.close();
    times.close();
    file.close();
  }

  AtomicFile target;  // first, so that it goes after all that is open on it
  std::size_t most;
  std::int64_t recordings;
  H5::H5File file;
  H5::DataSet times;
  H5::DataSet units;
  H5::DataSet labels;
  std::vector<std::int32_t> label_of;

 private:
  template <typename T>
  void write_list(const H5::DataSet& data, std::span<const T> list, const H5::PredType& type) {
    const hvl_t raw{list.size(), const_cast<T*>(list.data())};  // HDF5 only reads it
    const hsize_t at = label_of.size();
    const hsize_t count = 1;
    const H5::DataSpace all = data.getSpace();
    all.selectHyperslab(H5S_SELECT_SET, &count, &at);
    data.write(&raw, H5::VarLenType(&type), H5::DataSpace(1, &count), all);
  }
};

/// Calls `task` and puts the file's name in front of what HDF5 says.
template <typename Task>
void EventFileWriter::with_file(Task&& task) {
  const Hdf5Section section;
  try {
    task(*file_);
  } catch (const H5::Exception& error) {
    file_->target.fail("write it",
                       fmt::format("{} ({})", error.getDetailMsg(), error.getFuncName()));
  }
}

EventFileWriter::EventFileWriter(const fs::path& file,
                                 const std::string& source,
                                 std::int64_t recordings,
                                 std::int64_t most_events) {
  if (std::error_code error; fs::is_directory(file, error))
    throw DataError(fmt::format("{}: is a folder; expected the name of a file", file.string()));
  const Hdf5Section section;
  file_ = std::make_unique<File>(file, recordings, most_events);
  try {
    with_file([&](File& opened) { opened.create(source); });
  } catch (...) {
    file_.reset();  // within the section
    throw;
  }
}

EventFileWriter::~EventFileWriter() {
  const Hdf5Section section;
  file_.reset();
}

void EventFileWriter::append(std::span<const float> seconds,
                             std::span<const std::int32_t> units,
                             std::int32_t label) {
  if (seconds.size() != units.size())
    throw DataError(fmt::format("{}: recording {} has {} times but {} units; expected as many",
                                file_->target.path().string(),
                                file_->label_of.size(),
                                seconds.size(),
                                units.size()));
  if (std::ssize(file_->label_of) == file_->recordings)
    throw DataError(fmt::format("{}: expected {} recordings, got one more",
                                file_->target.path().string(),
                                file_->recordings));
  with_file([&](File& opened) { opened.append(seconds, units, label); });
}

void EventFileWriter::finish() {
  if (std::ssize(file_->label_of) != file_->recordings)
    throw DataError(fmt::format("{}: expected {} recordings, got {}",
                                file_->target.path().string(),
                                file_->recordings,
                                file_->label_of.size()));
  with_file([](File& opened) { opened.finish(); });
}

}  // namespace spiketape
