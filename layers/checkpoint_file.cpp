// The HDF5 side of checkpoints. The file is built in memory (HDF5's core driver) and written by
// replace_file(): HDF5 itself cannot be told to give up cleanly when a disk is full. Everything is
// a data set, so no size limit of attributes applies, and names with '/' become groups:
//
//     512 bytes         the seal, see checkpoint_seal.hpp; HDF5 calls it a user block
//     /                 attributes: format = "spiketape checkpoint", format_version, epoch, batch
//     /parameters/fc1/weight, /optimizer/fc1/weight/m    float32
//     /counters/drop/calls                               uint64
//     /attributes/NAME                                   int64, float64 or string
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/atomic_file.hpp"
#include "core/error.hpp"
#include "core/hdf5_section.hpp"
#include "core/hdf5_stored.hpp"
#include "layers/checkpoint.hpp"
#include "layers/checkpoint_seal.hpp"

namespace spiketape {
namespace {

constexpr const char* kFormat = "spiketape checkpoint";
constexpr std::int64_t kVersion = 1;
constexpr std::array<const char*, 4> kGroups = {
    "parameters", "optimizer", "counters", "attributes"};

/// An HDF5 identifier that is closed by its own function.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);

  /// @throws DataError with `problem` when `id` says that the call failed.
  Handle(hid_t id, Close close, const std::string& problem) : id_(id), close_(close) {
    if (id < 0) throw DataError(problem);
  }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  operator hid_t() const {
    return id_;
  }  // NOLINT(google-explicit-constructor): it is an id to HDF5

 private:
  hid_t id_;
  Close close_;
};

void require(bool good, const std::string& problem) {
  if (!good) throw DataError(problem);
}

Handle string_type(std::size_t size) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "checkpoint: HDF5 has no strings");
  H5Tset_size(type, std::max<std::size_t>(1, size));
  H5Tset_cset(type, H5T_CSET_UTF8);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  return type;
}

// ---- writing
// ----------------------------------------------------------------------------------------------

/// HDF5 would read "a//b" and "./a" as other paths.
void require_plain_name(const std::string& name) {
  bool plain = !name.empty();
  std::string_view rest = name;
  while (plain && !rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    plain = !part.empty() && part != "." && part != ".." && rest.back() != '/';
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  }
  require(
      plain,
      fmt::format(
          "checkpoint: cannot save under the name '{}'; its parts must not be empty, '.' or '..'",
          name));
}

class Writer {
 public:
  explicit Writer(hid_t file)
      : file_(file),
        links_(H5Pcreate(H5P_LINK_CREATE), H5Pclose, "checkpoint: HDF5 failed"),
        plain_(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "checkpoint: HDF5 failed") {
    H5Pset_create_intermediate_group(links_, 1);
    H5Pset_char_encoding(links_, H5T_CSET_UTF8);
    H5Pset_obj_track_times(plain_, false);  // the same state gives the same bytes
    for (const char* group : kGroups)
      const Handle made(H5Gcreate2(file_, group, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                        H5Gclose,
                        "checkpoint: HDF5 failed");
  }

  void tensor(const std::string& group, const NamedTensor& named) {
    std::vector<hsize_t> dims(named.tensor.shape().begin(), named.tensor.shape().end());
    write(group, named.name, H5T_NATIVE_FLOAT, dims, named.tensor.data());
  }
  void counter(const std::string& name, std::uint64_t value) {
    write("counters", name, H5T_NATIVE_UINT64, {}, &value);
  }
  void attribute(const std::string& name, const Attribute& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value))
      write("attributes", name, H5T_NATIVE_INT64, {}, integer);
    else if (const auto* number = std::get_if<double>(&value))
      write("attributes", name, H5T_NATIVE_DOUBLE, {}, number);
    else {
      const auto& text = std::get<std::string>(value);
      write("attributes", name, string_type(text.size()), {}, text.c_str());
    }
  }
  void root(const char* name, hid_t type, const void* value) {
    const Handle space(H5Screate(H5S_SCALAR), H5Sclose, "checkpoint: HDF5 failed");
    const Handle made(H5Acreate2(file_, name, type, space, H5P_DEFAULT, H5P_DEFAULT),
                      H5Aclose,
                      "checkpoint: HDF5 failed");
    require(H5Awrite(made, type, value) >= 0, "checkpoint: HDF5 failed");
  }

 private:
  void write(const std::string& group,
             const std::string& name,
             hid_t type,
             const std::vector<hsize_t>& dims,
             const void* data) {
    require_plain_name(name);
    const std::string problem =
        fmt::format("checkpoint: cannot save '{}/{}'; is the name there twice?", group, name);
    const Handle space(dims.empty()
                           ? H5Screate(H5S_SCALAR)
                           : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr),
                       H5Sclose,
                       problem);
    const bool has_values = std::find(dims.begin(), dims.end(), 0u) == dims.end();
    const Handle layout(H5Pcopy(plain_), H5Pclose, problem);
    if (has_values && !dims.empty()) {  // one chunk with a checksum, so that damage is seen
      H5Pset_chunk(layout, static_cast<int>(dims.size()), dims.data());
      H5Pset_fletcher32(layout);
    }
    const Handle made(
        H5Dcreate2(file_, (group + "/" + name).c_str(), type, space, links_, layout, H5P_DEFAULT),
        H5Dclose,
        problem);
    if (!has_values) return;
    require(H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0, problem);
  }

  hid_t file_;
  Handle links_;
  Handle plain_;
};

/// The bytes of the file: a seal and HDF5.
std::vector<std::byte> image_of(const Checkpoint& checkpoint) {
  const Hdf5Section section;
  constexpr std::size_t kGrowth = std::size_t{1} << 20;
  const Handle in_memory(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "checkpoint: HDF5 failed");
  H5Pset_fapl_core(in_memory, kGrowth, false);
  const Handle file(H5Fcreate("spiketape-checkpoint", H5F_ACC_TRUNC, H5P_DEFAULT, in_memory),
                    H5Fclose,
                    "checkpoint: HDF5 failed");
  {
    Writer writer(file);
    writer.root("format", string_type(std::string_view(kFormat).size()), kFormat);
    writer.root("format_version", H5T_NATIVE_INT64, &kVersion);
    writer.root("epoch", H5T_NATIVE_INT64, &checkpoint.epoch);
    writer.root("batch", H5T_NATIVE_INT64, &checkpoint.batch);
    for (const NamedTensor& parameter : checkpoint.parameters)
      writer.tensor("parameters", parameter);
    for (const NamedTensor& state : checkpoint.optimizer) writer.tensor("optimizer", state);
    for (const auto& [name, value] : checkpoint.counters) writer.counter(name, value);
    for (const auto& [name, value] : checkpoint.attributes) writer.attribute(name, value);
  }
  require(H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0, "checkpoint: HDF5 failed");
  const auto size = H5Fget_file_image(file, nullptr, 0);
  require(size > 0, "checkpoint: HDF5 failed");
  std::vector<std::byte> bytes(kSealSize + static_cast<std::size_t>(size));
  require(H5Fget_file_image(file, bytes.data() + kSealSize, static_cast<std::size_t>(size)) == size,
          "checkpoint: HDF5 failed");
  seal(bytes);
  return bytes;
}

// ---- reading
// ----------------------------------------------------------------------------------------------

class Reader {
 public:
  Reader(hid_t file, std::string path) : file_(file), path_(std::move(path)) {}

  std::int64_t root_integer(const char* name) const {
    const std::string problem = fmt::format(
        "{}: the attribute '{}' is missing; this is not a spiketape checkpoint", path_, name);
    const Handle attribute(H5Aopen(file_, name, H5P_DEFAULT), H5Aclose, problem);
    std::int64_t value = 0;
    require(is_single(attribute) && H5Aread(attribute, H5T_NATIVE_INT64, &value) >= 0, problem);
    return value;
  }
  std::string root_text(const char* name) const {
    if (H5Aexists(file_, name) <= 0) return "";
    const Handle attribute(H5Aopen(file_, name, H5P_DEFAULT), H5Aclose, path_);
    const Handle type(H5Aget_type(attribute), H5Tclose, path_);
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0 || !is_single(attribute))
      return "";
    std::string text(H5Tget_size(type), '\0');
    return H5Aread(attribute, type, text.data()) < 0 ? "" : text;
  }
  /// Names of all data sets below `group`, relative to it.
  std::vector<std::string> names(const char* group) const {
    const Handle opened(H5Gopen2(file_, group, H5P_DEFAULT), H5Gclose, broken(group));
    std::vector<std::string> found;
    const auto visit =
        [](hid_t /*group*/, const char* name, const auto* info, void* into) -> herr_t {
      if (info->type == H5O_TYPE_DATASET)
        static_cast<std::vector<std::string>*>(into)->emplace_back(name);
      return 0;
    };
    require(H5Ovisit2(opened, H5_INDEX_NAME, H5_ITER_INC, visit, &found, H5O_INFO_BASIC) >= 0,
            broken(group));
    return found;
  }
  std::vector<NamedTensor> tensors(const char* group) const {
    std::vector<NamedTensor> found;
    for (const std::string& name : names(group))
      found.push_back({name, tensor(fmt::format("{}/{}", group, name))});
    return found;
  }
  std::uint64_t counter(const std::string& name) const {
    std::uint64_t value = 0;
    read_scalar("counters/" + name, H5T_NATIVE_UINT64, &value);
    return value;
  }
  Attribute attribute(const std::string& name) const {
    const std::string where = "attributes/" + name;
    const Handle set = open_scalar(where);
    const Handle type(H5Dget_type(set), H5Tclose, broken(where));
    if (H5Tget_class(type) == H5T_STRING) {
      require(H5Tis_variable_str(type) == 0, broken(where));  // we save none; it would be a pointer
      std::string text(H5Tget_size(type), '\0');
      read_scalar(where, type, text.data());
      text.resize(std::min(text.size(), text.find('\0')));  // an empty text is stored as one zero
      return text;
    }
    if (H5Tget_class(type) == H5T_FLOAT) {
      double value = 0.0;
      read_scalar(where, H5T_NATIVE_DOUBLE, &value);
      return value;
    }
    std::int64_t value = 0;
    read_scalar(where, H5T_NATIVE_INT64, &value);
    return value;
  }

 private:
  std::string broken(const std::string& what) const {
    return fmt::format(
        "{}: '{}' cannot be read; the checkpoint is damaged, use an older one", path_, what);
  }
  static bool is_single(hid_t attribute) {
    const Handle space(H5Aget_space(attribute), H5Sclose, "checkpoint: HDF5 failed");
    return H5Sget_simple_extent_npoints(space) == 1;
  }
  Handle open(const std::string& where) const {
    Handle set(H5Dopen2(file_, where.c_str(), H5P_DEFAULT), H5Dclose, broken(where));
    require(values_are_stored(set), broken(where));
    return set;
  }
  Tensor uninitialized(const Shape& shape, const std::string& where) const {
    try {
      return Tensor::uninitialized(shape);
    } catch (const ShapeError&) {  // an array of no values may have axes that no tensor can have
      throw DataError(broken(where));
    }
  }
  Tensor tensor(const std::string& where) const {
    const Handle set = open(where);
    const Handle space(H5Dget_space(set), H5Sclose, broken(where));
    const int rank = H5Sget_simple_extent_ndims(space);
    require(rank >= 0, broken(where));
    std::vector<hsize_t> dims(static_cast<std::size_t>(rank));
    require(H5Sget_simple_extent_dims(space, dims.data(), nullptr) >= 0, broken(where));
    Tensor tensor = uninitialized(Shape(dims.begin(), dims.end()), where);
    if (tensor.size() > 0)
      require(H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.data()) >= 0,
              broken(where));
    return tensor;
  }
  /// A text of no values may claim any length, so that there is one comes before its length.
  Handle open_scalar(const std::string& where) const {
    Handle set = open(where);
    const Handle space(H5Dget_space(set), H5Sclose, broken(where));
    require(H5Sget_simple_extent_npoints(space) == 1, broken(where));
    return set;
  }
  void read_scalar(const std::string& where, hid_t type, void* value) const {
    const Handle set = open_scalar(where);
    require(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) >= 0, broken(where));
  }

  hid_t file_;
  std::string path_;
};

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  replace_file(path, image_of(checkpoint));
}

Checkpoint load_checkpoint(const std::filesystem::path& path) {
  require_seal(path);
  const Hdf5Section section;
  const std::string name = path.string();
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "checkpoint: HDF5 failed");
  H5Pset_file_locking(access, false, true);  // some network file systems have no locks
  const Handle file(
      H5Fopen(name.c_str(), H5F_ACC_RDONLY, access),
      H5Fclose,
      fmt::format("{}: HDF5 cannot open it; the file is truncated or damaged, use an older one",
                  name));
  const Reader reader(file, name);
  if (reader.root_text("format") != kFormat)
    throw DataError(fmt::format(
        "{}: this HDF5 file is not a spiketape checkpoint (its 'format' should be '{}')",
        name,
        kFormat));
  const std::int64_t version = reader.root_integer("format_version");
  if (version < 1 || version > kVersion)
    throw DataError(
        fmt::format("{}: format version {} is not known here (1..{}); use a newer spiketape",
                    name,
                    version,
                    kVersion));
  Checkpoint checkpoint;
  checkpoint.file = name;
  checkpoint.epoch = reader.root_integer("epoch");
  checkpoint.batch = reader.root_integer("batch");
  checkpoint.parameters = reader.tensors("parameters");
  checkpoint.optimizer = reader.tensors("optimizer");
  for (const std::string& counter : reader.names("counters"))
    checkpoint.counters[counter] = reader.counter(counter);
  for (const std::string& key : reader.names("attributes"))
    checkpoint.attributes[key] = reader.attribute(key);
  return checkpoint;
}

}  // namespace spiketape
