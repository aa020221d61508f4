// The bytes are an HDF5 file of recordings. What crashes here crashes inside libhdf5, which this
// project cannot mend: the target measures it, and its corpus holds what is survived.
#include <cstddef>
#include <cstdint>

#include "core/error.hpp"
#include "data/event_file.hpp"
#include "tests/fuzz/scratch_file.hpp"

using namespace spiketape;

extern "C" int LLVMFuzzerTestOneInput(  // NOLINT(readability-identifier-naming)
    const std::uint8_t* data,
    std::size_t size) {
  const fuzz::ScratchFile file({data, size});
  try {
    load_event_file(file.path(), {.binning = {.dt = 0.125, .steps = 8}, .units = 10});
  } catch (const Error&) {  // what a broken file must lead to
  }
  return 0;
}
