#pragma once

#include <cstdint>
#include <mutex>

namespace spiketape {

/// While it lives, HDF5 belongs to this thread, and fails silently instead of printing its error
/// stack: we throw instead. A prefetch thread reads recordings while the main thread saves a
/// checkpoint, many builds of HDF5 are not safe for threads, and where the C library is (Debian's),
/// its C++ objects still are not. So every call of HDF5 in the library and the program is made
/// within one, the closing of files too. Sections nest.
class Hdf5Section {
 public:
  Hdf5Section();
  ~Hdf5Section();
  Hdf5Section(const Hdf5Section&) = delete;
  Hdf5Section& operator=(const Hdf5Section&) = delete;

 private:
  using Print = int (*)(std::int64_t, void*);  ///< H5E_auto2_t; this header does without HDF5's

  std::unique_lock<std::recursive_mutex> lock_;
  Print print_ = nullptr;
  void* data_ = nullptr;
};

}  // namespace spiketape
