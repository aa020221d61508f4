// The first byte is the rank that is asked for, the rest an IDX file.
#include <cstddef>
#include <cstdint>

#include "core/error.hpp"
#include "core/tensor.hpp"
#include "data/idx.hpp"
#include "tests/fuzz/scratch_file.hpp"

using namespace spiketape;

extern "C" int LLVMFuzzerTestOneInput(  // NOLINT(readability-identifier-naming)
    const std::uint8_t* data,
    std::size_t size) {
  fuzz::Source source({data, size});
  const std::int64_t rank = 1 + source.below(4);
  const fuzz::ScratchFile file(source.rest());
  try {
    const IdxArray array = read_idx(file.path(), rank);
    fuzz::require(static_cast<std::int64_t>(array.shape.size()) == rank,
                  "the rank is as asked for");
    fuzz::require(element_count(array.shape) == static_cast<std::int64_t>(array.values.size()),
                  "there are as many values as the shape says");
  } catch (const DataError&) {  // what a broken file must lead to
  }
  return 0;
}
