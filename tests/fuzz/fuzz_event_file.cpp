// The bytes decide what an HDF5 file of recordings looks like, and the options it is read with.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/error.hpp"
#include "data/event_file.hpp"
#include "tests/fuzz/hdf5_maker.hpp"
#include "tests/fuzz/scratch_file.hpp"

using namespace spiketape;
using fuzz::Hdf5Maker;

namespace {

void make(fuzz::Source& source, const std::filesystem::path& path) {
  Hdf5Maker maker(source, path);
  // Sometimes more recordings than are read at once.
  const hsize_t recordings = source.rarely(32) ? 300 : source.below(8);
  maker.group("spikes");
  maker.dataset("spikes/times", Hdf5Maker::Kind::real_lists, recordings);
  maker.dataset("spikes/units", Hdf5Maker::Kind::integer_lists, recordings);
  maker.dataset("labels", Hdf5Maker::Kind::integers, recordings);
}

EventFileOptions options_of(fuzz::Source& source) {
  EventFileOptions options{.binning = {.dt = 0.125, .steps = 8}, .units = 10, .classes = 256};
  if (source.rarely(4)) options.binning.dt = source.real();
  if (source.rarely(4)) options.binning.steps = source.integer();
  if (source.rarely(4)) options.units = source.integer();
  if (source.rarely(4)) options.coarsen = source.integer();
  options.binning.merge_repeats = !source.flag();
  options.strict = source.rarely(4);
  return options;
}

void check(const HeldRecordings& data) {
  fuzz::require(data.report.recordings == data.recordings.size(), "every recording is there");
  fuzz::require(data.report.kept == data.recordings.event_count(), "every event kept is there");
  std::vector<StepEvent> events;
  for (std::int64_t i = 0; i < data.recordings.size(); ++i) {
    data.recordings.encode(i, events);
    for (const StepEvent& event : events)
      fuzz::require(event.step < data.recordings.steps() && event.unit < data.recordings.neurons(),
                    "events lie inside the sample");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(  // NOLINT(readability-identifier-naming)
    const std::uint8_t* data,
    std::size_t size) {
  fuzz::Source source({data, size});
  const EventFileOptions options = options_of(source);
  const std::filesystem::path file = fuzz::scratch_folder() / "recordings.h5";
  make(source, file);
  const long open_before = fuzz::open_ids();
  try {
    check(load_event_file(file, options));
  } catch (const Error&) {  // what a file of another layout must lead to
  }
  fuzz::require(fuzz::open_ids() == open_before, "the file is closed again");
  return 0;
}
