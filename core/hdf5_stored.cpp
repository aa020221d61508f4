#include "core/hdf5_stored.hpp"

#include <hdf5.h>

#include <algorithm>
#include <vector>

namespace spiketape {
namespace {

constexpr std::uint64_t kLargestRatio = 1040;  // deflate packs at most 1032 bytes into one

/// Gives an HDF5 identifier back, of whatever kind.
struct Closed {
  explicit Closed(hid_t number) : id(number) {}
  ~Closed() {
    if (id >= 0) H5Idec_ref(id);
  }
  Closed(const Closed&) = delete;
  Closed& operator=(const Closed&) = delete;

  const hid_t id;
};

/// width * sizes[0] * sizes[1] ...; false when that has no 64 bits.
bool multiply(std::uint64_t width, const std::vector<hsize_t>& sizes, std::uint64_t& product) {
  product = width;
  return std::all_of(sizes.begin(), sizes.end(), [&](hsize_t size) {
    return !__builtin_mul_overflow(product, size, &product);
  });
}

bool may_compress(hid_t layout) {
  for (int i = 0; i < H5Pget_nfilters(layout); ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter = H5Pget_filter2(
        layout, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, nullptr);
    if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32) return true;
  }
  return false;
}

}  // namespace

bool values_are_stored(std::int64_t dataset) {
  const Closed space(H5Dget_space(dataset));
  const Closed type(H5Dget_type(dataset));
  const Closed layout(H5Dget_create_plist(dataset));
  const Closed file(H5Iget_file_id(dataset));
  const int rank = H5Sget_simple_extent_ndims(space.id);
  hsize_t file_size = 0;
  if (rank < 0 || layout.id < 0 || H5Fget_filesize(file.id, &file_size) < 0) return false;
  std::vector<hsize_t> sizes(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space.id, sizes.data(), nullptr);
  if (H5Sget_simple_extent_type(space.id) == H5S_NULL) return true;
  if (std::find(sizes.begin(), sizes.end(), 0u) != sizes.end()) return true;

  const H5D_layout_t kind = H5Pget_layout(layout.id);
  if (kind == H5D_VIRTUAL || H5Pget_external_count(layout.id) != 0) return false;
  const std::uint64_t width = H5Tget_size(type.id);
  std::uint64_t needed = 0;
  if (width == 0 || !multiply(width, sizes, needed)) return false;  // libhdf5 divides by the width
  if (kind == H5D_CHUNKED) {  // HDF5 unpacks whole chunks, which may be larger than the data set
    std::uint64_t chunk = 0;
    if (H5Pget_chunk(layout.id, rank, sizes.data()) < 0 || !multiply(width, sizes, chunk))
      return false;
    needed = std::max(needed, chunk);
  }
  const std::uint64_t held = std::min<std::uint64_t>(H5Dget_storage_size(dataset), file_size);
  return needed / (may_compress(layout.id) ? kLargestRatio : 1) <= held;
}

}  // namespace spiketape
