#include <array>
#include <cstdint>
#include <exception>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include <H5Cpp.h>
#include <fmt/format.h>

#include "apps/info.hpp"
#include "apps/run_folder.hpp"
#include "core/error.hpp"
#include "core/hdf5_section.hpp"
#include "core/tensor.hpp"
#include "data/idx.hpp"
#include "layers/checkpoint.hpp"
#include "layers/checkpoint_seal.hpp"

namespace spiketape::apps {
namespace fs = std::filesystem;
namespace {

/// The first bytes of a file, by which its kind is known.
std::string first_bytes(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    throw DataError(
        fmt::format("{}: cannot be read; expected a file or a run folder", path.string()));
  }
  std::string bytes(8, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  return bytes;
}

std::string in_words(const Attribute& value) {
  return std::visit([](const auto& one) { return fmt::format("{}", one); }, value);
}

std::string describe_checkpoint(const fs::path& path) {
  const Checkpoint checkpoint = load_checkpoint(path);
  std::string text = fmt::format("{}: checkpoint after {} epochs and {} batches{}\n",
                                 path.string(),
                                 checkpoint.epoch,
                                 checkpoint.batch,
                                 checkpoint.optimizer.empty() ? "" : ", with its optimiser");
  for (const NamedTensor& parameter : checkpoint.parameters) {
    text += fmt::format("  {:<20} {}\n", parameter.name, to_string(parameter.tensor.shape()));
  }
  for (const auto& [name, value] : checkpoint.attributes) {
    if (name != "config") text += fmt::format("  {:<20} {}\n", name, in_words(value));
  }
  const auto config = checkpoint.attributes.find("config");
  if (config == checkpoint.attributes.end()) return text;
  return text + "\n" + in_words(config->second);
}

std::string describe_run_folder(const fs::path& path) {
  const RunFolder folder(path);
  if (!fs::exists(folder.config()) && !fs::exists(folder.checkpoint())) {
    throw DataError(fmt::format(
        "{}: holds no run; expected a folder with config.toml and checkpoint.h5", path.string()));
  }
  std::string text;
  std::ifstream metrics(folder.metrics());
  std::int64_t epochs = 0;
  std::string last;
  for (std::string line; std::getline(metrics, line); ++epochs) last = line;
  text += fmt::format("{}: a run of {} epochs\n", path.string(), epochs);
  if (epochs > 0) text += fmt::format("last epoch: {}\n", last);
  if (fs::exists(folder.checkpoint())) text += describe_checkpoint(folder.checkpoint());
  return text;
}

/// Any other HDF5 file: its attributes and data sets, e.g. of a verify case.
std::string describe_hdf5(const fs::path& path) {
  const Hdf5Section section;
  try {
    const H5::H5File file(path.string(), H5F_ACC_RDONLY);
    const bool is_case = file.nameExists("input_events") && file.nameExists("w0");
    std::string text =
        fmt::format("{}: {}\n", path.string(), is_case ? "a case for spiketape verify" : "HDF5");
    const H5::Group root = file.openGroup("/");
    for (int i = 0; i < root.getNumAttrs(); ++i) {
      text +=
          fmt::format("  attribute {}\n", root.openAttribute(static_cast<unsigned>(i)).getName());
    }
    for (hsize_t i = 0; i < root.getNumObjs(); ++i) {
      const std::string name = root.getObjnameByIdx(i);
      if (root.childObjType(name) != H5O_TYPE_DATASET) {
        text += fmt::format("  {}/\n", name);
        continue;
      }
      const H5::DataSpace space = root.openDataSet(name).getSpace();
      std::vector<hsize_t> sizes(static_cast<std::size_t>(space.getSimpleExtentNdims()));
      if (!sizes.empty()) space.getSimpleExtentDims(sizes.data());
      text += fmt::format("  {:<20} [{}]\n", name, fmt::join(sizes, ", "));
    }
    return text;
  } catch (const H5::Exception& error) {
    throw DataError(
        fmt::format("{}: not a readable HDF5 file: {}", path.string(), error.getDetailMsg()));
  }
}

/// Whether it is an HDF5 file with an item of that name at its root.
bool holds(const fs::path& path, const std::string& item) {
  const Hdf5Section section;
  try {
    return H5::H5File(path.string(), H5F_ACC_RDONLY).nameExists(item);
  } catch (const H5::Exception&) {
    return false;  // describe_hdf5() says what is wrong
  }
}

/// The rank is in the header; the reader checks it, so each is tried.
std::string describe_idx(const fs::path& path) {
  std::exception_ptr first;
  for (const std::int64_t rank : {3, 1, 2, 4}) {
    try {
      const IdxArray array = read_idx(path, rank);
      return fmt::format(
          "{}: IDX file of unsigned bytes {}\n", path.string(), to_string(array.shape));
    } catch (const DataError&) {
      if (!first) first = std::current_exception();
    }
  }
  std::rethrow_exception(first);
}

}  // namespace

std::string describe_path(const fs::path& path) {
  if (fs::is_directory(path)) return describe_run_folder(path);
  const std::string bytes = first_bytes(path);
  if (path.extension() == ".bin") return describe_recording(path);
  if (path.extension() == ".toml") return describe_config(path);
  if (path.extension() == ".jsonl") return describe_metrics(path);
  if (!bytes.empty() && kSealBegin.starts_with(bytes)) return describe_checkpoint(path);
  if (bytes == std::string("\x89HDF\r\n\x1a\n", 8)) {
    if (holds(path, "parameters")) return describe_checkpoint(path);
    return holds(path, "spikes") ? describe_event_file(path) : describe_hdf5(path);
  }
  const bool gzip = bytes.starts_with("\x1f\x8b");
  if (gzip || bytes.starts_with(std::string(2, '\0'))) return describe_idx(path);
  throw DataError(
      fmt::format("{}: expected a run folder, its config.toml or metrics.jsonl, a checkpoint, an "
                  "event file, an HDF5 case, an IDX file or a .bin file of N-MNIST; it begins like "
                  "none",
                  path.string()));
}

}  // namespace spiketape::apps
