#include "core/hdf5_section.hpp"

#include <hdf5.h>

namespace spiketape {
namespace {

std::recursive_mutex& hdf5_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

}  // namespace

// HDF5 keeps an error stack for each thread where it knows threads, hence at each entry.
Hdf5Section::Hdf5Section() : lock_(hdf5_mutex()) {
  H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Hdf5Section::~Hdf5Section() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }

}  // namespace spiketape
