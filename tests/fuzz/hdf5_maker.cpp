#include "tests/fuzz/hdf5_maker.hpp"

#include <algorithm>
#include <array>

#include "tests/fuzz/scratch_file.hpp"

namespace spiketape::fuzz {
namespace {

constexpr std::size_t kMostWritten = 1u << 16;       // bytes of a data set
constexpr hsize_t kLargestChunk = hsize_t{1} << 22;  // values; HDF5 holds whole chunks in memory

Id make_file(Source& source, const std::filesystem::path& path) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5set_free_list_limits(-1, -1, -1, -1, -1, -1);  // its caches anew for each file take most time
  const Id creation(H5Pcreate(H5P_FILE_CREATE));
  if (source.rarely(8)) H5Pset_userblock(creation, 512);
  const Id access(H5Pcreate(H5P_FILE_ACCESS));
  if (source.flag()) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  Id file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, access));
  require(file >= 0, "an HDF5 file can be made");
  return file;
}

Id text_type(std::size_t size) {
  Id type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type, std::max<std::size_t>(1, size));
  return type;
}

Id float16_type() {
  Id type(H5Tcopy(H5T_IEEE_F32LE));
  H5Tset_fields(type, 15, 10, 5, 0, 10);
  H5Tset_precision(type, 16);
  H5Tset_size(type, 2);
  H5Tset_ebias(type, 15);
  return type;
}

Id integer_type(unsigned choice) {
  const std::array<hid_t, 8> types = {H5T_STD_I64LE,
                                      H5T_STD_U8LE,
                                      H5T_STD_U16LE,
                                      H5T_STD_I32BE,
                                      H5T_STD_U64LE,
                                      H5T_STD_I8LE,
                                      H5T_STD_U32LE,
                                      H5T_STD_U64BE};
  return Id(H5Tcopy(types[choice % types.size()]));
}

Id real_type(unsigned choice) {
  const std::array<hid_t, 3> types = {H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_IEEE_F64BE};
  return choice % 4 == 3 ? float16_type() : Id(H5Tcopy(types[choice % 4]));
}

}  // namespace

Hdf5Maker::Hdf5Maker(Source& source, const std::filesystem::path& path)
    : source_(source), file_(make_file(source, path)) {}

Id Hdf5Maker::any_type(unsigned depth) {
  const unsigned choice = source_.below(depth == 0 ? 6 : 12);
  const unsigned detail = source_.byte();
  if (choice < 2) return integer_type(detail);
  if (choice == 2) return real_type(detail);
  if (choice == 3)
    return text_type(detail < 250 ? detail : static_cast<std::size_t>(1) << (detail - 223));
  if (choice == 4) return Id(H5Tcreate(H5T_OPAQUE, 1 + detail));
  if (choice == 5) return Id(H5Tcopy(H5T_STD_B16LE));
  if (choice == 6) return text_type(depth == 2 ? H5T_VARIABLE : 1);  // write() knows no inner ones
  const Id base = any_type(choice == 7 || choice == 8 ? 0 : depth - 1);
  if (choice <= 8) return Id(H5Tvlen_create(base));
  const hsize_t length = 1 + detail;
  if (choice == 9) return Id(H5Tarray_create2(base, 1, &length));
  if (choice == 10) return Id(H5Tcopy(H5T_STD_REF_OBJ));
  const std::size_t size = std::max<std::size_t>(1, H5Tget_size(base));
  Id type(H5Tcreate(H5T_COMPOUND, size + 8));
  H5Tinsert(type, "a", 0, base);
  H5Tinsert(type, "b", size, H5T_NATIVE_DOUBLE);
  return type;
}

Id Hdf5Maker::type_of(Kind kind) {
  if (source_.rarely(8)) return any_type(2);
  const unsigned detail = source_.byte();
  if (kind == Kind::text) return text_type(detail);
  const bool reals = kind == Kind::reals || kind == Kind::real_lists;
  Id number = reals ? real_type(detail) : integer_type(detail);
  if (kind == Kind::integers || kind == Kind::reals) return number;
  return Id(H5Tvlen_create(number));
}

Hdf5Maker::Space Hdf5Maker::space_of(hsize_t count, bool scalar) {
  Space space{Id(H5I_INVALID_HID), {}, 1};
  if (source_.rarely(8)) {
    if (source_.rarely(8)) return {Id(H5Screate(H5S_NULL)), {}, 0};
    const bool huge = source_.rarely(3);
    for (unsigned axis = source_.below(5); axis > 0; --axis)
      space.dims.push_back(huge ? static_cast<hsize_t>(source_.integer()) : source_.below(8));
  } else if (!scalar) {
    space.dims.push_back(count);
  }
  for (const hsize_t size : space.dims)
    if (__builtin_mul_overflow(space.points, size, &space.points)) space.points = ~hsize_t{0};
  if (space.dims.empty()) return {Id(H5Screate(H5S_SCALAR)), {}, 1};
  const std::vector<hsize_t> most(space.dims.size(), H5S_UNLIMITED);
  Id made(H5Screate_simple(static_cast<int>(space.dims.size()),
                           space.dims.data(),
                           source_.rarely(4) ? most.data() : nullptr));
  return {std::move(made), std::move(space.dims), space.points};
}

Id Hdf5Maker::layout_of(const Space& space) {
  Id layout(H5Pcreate(H5P_DATASET_CREATE));
  const unsigned choice = source_.below(8);
  if (choice == 1) H5Pset_layout(layout, H5D_COMPACT);
  if (choice == 2 && source_.rarely(4))
    H5Pset_external(layout, "/dev/zero", 0, source_.flag() ? H5F_UNLIMITED : 1u << 20);
  if (choice >= 3 && !space.dims.empty()) {
    std::vector<hsize_t> chunk;
    hsize_t points = 1;
    for (const hsize_t size : space.dims) {
      const hsize_t wanted = source_.flag() ? 1 + source_.below(64) : std::max<hsize_t>(1, size);
      chunk.push_back(std::clamp<hsize_t>(wanted, 1, kLargestChunk / points));
      points *= chunk.back();
    }
    H5Pset_chunk(layout, static_cast<int>(chunk.size()), chunk.data());
    if (choice == 4) H5Pset_deflate(layout, 1);
    if (choice == 5) H5Pset_fletcher32(layout);
    if (choice == 6) H5Pset_shuffle(layout);
  }
  return layout;
}

void Hdf5Maker::group(const std::string& name) {
  if (source_.rarely(16)) return any_link(name);
  if (source_.rarely(16)) return dataset(name, Kind::integers, 3);
  const Id made(H5Gcreate2(file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
}

void Hdf5Maker::any_link(const std::string& name) {
  static constexpr std::array<const char*, 4> kTargets = {"/", "/nowhere", "/labels", "/spikes"};
  const char* const target = source_.flag() ? name.c_str() : kTargets[source_.below(4)];
  const unsigned choice = source_.below(4);
  if (choice == 0) return;  // nothing at all
  if (choice == 1) H5Lcreate_soft(target, file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
  if (choice == 2) H5Lcreate_hard(file_, target, file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
  if (choice == 3)
    H5Lcreate_external("/nowhere.h5", target, file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
}

void Hdf5Maker::dataset(const std::string& name, Kind kind, hsize_t count, bool scalar) {
  if (source_.rarely(16)) return any_link(name);
  const Id type = type_of(kind);
  const Space space = space_of(count, scalar);
  const Id links(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(links, 1);
  const Id made(
      H5Dcreate2(file_, name.c_str(), type, space.id, links, layout_of(space), H5P_DEFAULT));
  if (made < 0 || source_.rarely(16)) return;  // never written: HDF5 gives zeros
  write(made, type, space.points, kind);
}

std::vector<std::uint8_t> Hdf5Maker::junk(std::size_t size) {
  const Bytes pattern = source_.take(1 + source_.below(64));
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size && !pattern.empty(); ++i) bytes[i] = pattern[i % pattern.size()];
  return bytes;
}

void Hdf5Maker::write(hid_t dataset, hid_t type, hsize_t points, Kind kind) {
  // Also of no points HDF5 makes room for one.
  if (points > kMostWritten || H5Tget_size(type) * std::max<hsize_t>(points, 1) > kMostWritten)
    return;
  if (H5Tget_class(type) == H5T_VLEN) return write_lists(dataset, type, points, kind);
  if (H5Tis_variable_str(type) > 0) {
    const std::vector<std::uint8_t> text = junk(8);
    const std::string held(text.begin(), text.end());
    const std::vector<const char*> all(points, source_.flag() ? held.c_str() : nullptr);
    H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data());
  } else if (H5Tget_class(type) == H5T_INTEGER && kind == Kind::integers) {
    std::vector<std::int64_t> values(points);
    for (std::int64_t& value : values) value = source_.integer();
    H5Dwrite(dataset, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  } else if (H5Tdetect_class(type, H5T_VLEN) <= 0 && H5Tdetect_class(type, H5T_REFERENCE) <= 0) {
    const std::vector<std::uint8_t> bytes = junk(H5Tget_size(type) * points);
    H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
  }
}

void Hdf5Maker::write_lists(hid_t dataset, hid_t type, hsize_t points, Kind kind) {
  const Id base(H5Tget_super(type));
  if (16 * H5Tget_size(base) > kMostWritten) return;
  const H5T_class_t of = H5Tget_class(base);
  const bool reals = kind == Kind::real_lists && of == H5T_FLOAT;
  const bool integers = kind == Kind::integer_lists && of == H5T_INTEGER;
  std::vector<double> real_values(16);
  std::vector<std::int64_t> integer_values(16);
  for (double& value : real_values) value = source_.real();
  for (std::int64_t& value : integer_values) value = source_.integer();
  std::vector<std::uint8_t> bytes = junk(16 * std::max<std::size_t>(1, H5Tget_size(base)));
  void* held = reals ? static_cast<void*>(real_values.data())
                     : (integers ? static_cast<void*>(integer_values.data()) : bytes.data());
  std::vector<hvl_t> lists(points);
  for (hvl_t& list : lists) list = {source_.below(17), held};
  const Id memory(
      H5Tvlen_create(reals ? H5T_NATIVE_DOUBLE : (integers ? H5T_NATIVE_INT64 : hid_t{base})));
  H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, lists.data());
}

void Hdf5Maker::any_attribute(const char* name) {
  if (source_.flag()) return;
  const Id type = any_type(2);
  const Space space = space_of(1 + source_.below(64), source_.flag());
  if (space.points > 4096 || H5Tget_size(type) * space.points > 4096) return;
  const Id made(H5Acreate2(file_, name, type, space.id, H5P_DEFAULT, H5P_DEFAULT));
  if (made < 0 || H5Tdetect_class(type, H5T_VLEN) > 0 || H5Tdetect_class(type, H5T_STRING) > 0)
    return;
  const std::vector<std::uint8_t> bytes = junk(H5Tget_size(type) * space.points);
  H5Awrite(made, type, bytes.data());
}

void Hdf5Maker::attribute(const char* name, std::int64_t expected) {
  if (source_.rarely(8)) return any_attribute(name);
  const Id space(H5Screate(H5S_SCALAR));
  const Id made(
      H5Acreate2(file_, name, integer_type(source_.byte()), space, H5P_DEFAULT, H5P_DEFAULT));
  H5Awrite(made, H5T_NATIVE_INT64, &expected);
}

void Hdf5Maker::attribute(const char* name, const std::string& expected) {
  if (source_.rarely(16)) return any_attribute(name);
  const Id type = text_type(expected.size() + (source_.rarely(8) ? source_.byte() : 0));
  const hsize_t several = 1 + source_.below(16);
  const Id space(source_.rarely(16) ? H5Screate_simple(1, &several, nullptr)
                                    : H5Screate(H5S_SCALAR));
  const Id made(H5Acreate2(file_, name, type, space, H5P_DEFAULT, H5P_DEFAULT));
  std::vector<char> bytes(H5Tget_size(type) * several);
  std::copy(expected.begin(), expected.end(), bytes.begin());
  H5Awrite(made, type, bytes.data());
}

}  // namespace spiketape::fuzz
