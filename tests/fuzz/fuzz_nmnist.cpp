// The first byte chooses options, the rest is one recording of a folder of N-MNIST.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <vector>

#include "core/error.hpp"
#include "core/parallel.hpp"
#include "data/nmnist.hpp"
#include "tests/fuzz/scratch_file.hpp"

using namespace spiketape;
namespace fs = std::filesystem;

namespace {

void check(const HeldRecordings& data, std::size_t events) {
  const BinningReport& report = data.report;
  const std::int64_t accounted =
      report.kept + report.late + report.early + report.bad_time + report.bad_unit + report.merged;
  fuzz::require(accounted == static_cast<std::int64_t>(events), "every event is accounted for");
  fuzz::require(data.recordings.event_count() == report.kept, "events that are kept are there");
  fuzz::require(report.bad_time == 0 && report.early == 0, "the camera's clock has no bad time");
  std::vector<StepEvent> found;
  data.recordings.encode(0, found);
  for (const StepEvent& event : found)
    fuzz::require(event.step < data.recordings.steps() && event.unit < data.recordings.neurons(),
                  "events lie inside the sample");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(  // NOLINT(readability-identifier-naming)
    const std::uint8_t* data,
    std::size_t size) {
  set_thread_count(1);
  fuzz::Source source({data, size});
  NmnistOptions options;
  options.split_polarity = source.flag();
  options.binning.merge_repeats = source.flag();
  const fs::path file = fuzz::scratch_folder() / "9" / "1.bin";
  fs::create_directories(file.parent_path());
  const fuzz::Bytes bytes = source.rest();
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  try {
    const std::size_t events = read_nmnist(file).size();
    fuzz::require(events <= bytes.size() / 5, "an event takes five bytes");
    check(load_nmnist(fuzz::scratch_folder(), options), events);
  } catch (const DataError&) {
    fuzz::require(bytes.size() % 5 != 0, "only a file that is cut off is refused");
  }
  return 0;
}
