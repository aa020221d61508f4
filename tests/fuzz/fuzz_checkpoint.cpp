// Bytes that begin like a checkpoint are read as one. Others decide what a sound HDF5 file looks
// like, which is then read as a checkpoint, put into a network, and saved again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "apps/train_state.hpp"
#include "autograd/adam.hpp"
#include "core/error.hpp"
#include "layers/checkpoint.hpp"
#include "layers/linear.hpp"
#include "tests/fuzz/hdf5_maker.hpp"
#include "tests/fuzz/scratch_file.hpp"

using namespace spiketape;
using fuzz::Hdf5Maker;

namespace {

struct Net : Module {
  Linear fc1{*this, "fc1", 3, 2};
};

void make(fuzz::Source& source, const std::filesystem::path& path) {
  Hdf5Maker maker(source, path);
  maker.attribute("format", "spiketape checkpoint");
  maker.attribute("format_version", 1);
  maker.attribute("epoch", source.rarely(4) ? source.integer() : 2);
  maker.attribute("batch", source.rarely(4) ? source.integer() : 3);
  for (const char* group : {"parameters", "optimizer", "counters", "attributes"})
    maker.group(group);
  maker.dataset("parameters/fc1/weight", Hdf5Maker::Kind::reals, 6);
  for (const char* name : {"fc1/weight/m", "fc1/weight/v", "steps"})
    maker.dataset(fmt::format("optimizer/{}", name), Hdf5Maker::Kind::reals, 6);
  maker.dataset("counters/drop/calls", Hdf5Maker::Kind::integers, 1, true);
  for (const char* name : {"layers", "sum_correct", "sum_samples", "best_epoch"})
    maker.dataset(fmt::format("attributes/{}", name), Hdf5Maker::Kind::integers, 1, true);
  for (const char* name : {"sum_loss", "seconds", "best_accuracy", "best_loss"})
    maker.dataset(fmt::format("attributes/{}", name), Hdf5Maker::Kind::reals, 1, true);
  maker.dataset("attributes/config", Hdf5Maker::Kind::text, 1, true);
  for (int extra = 0; extra < 4 && !source.empty(); ++extra)
    maker.dataset(fmt::format("parameters/{}", source.byte()), Hdf5Maker::Kind::reals, 5);
}

/// To the bit: NaN is equal to itself.
bool same(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.name == y.name && x.tensor.shape() == y.tensor.shape() &&
           std::equal(x.tensor.values().begin(),
                      x.tensor.values().end(),
                      y.tensor.values().begin(),
                      y.tensor.values().end(),
                      [](float u, float v) { return u == v || (u != u && v != v); });
  });
}

void check(const Checkpoint& loaded) {
  const std::filesystem::path path = fuzz::scratch_folder() / "again.h5";
  save_checkpoint(path, loaded);
  const Checkpoint twice = load_checkpoint(path);
  fuzz::require(same(loaded.parameters, twice.parameters), "parameters survive being saved");
  fuzz::require(same(loaded.optimizer, twice.optimizer), "the optimiser survives being saved");
  fuzz::require(loaded.counters == twice.counters, "counters survive being saved");
  fuzz::require(loaded.epoch == twice.epoch && loaded.batch == twice.batch,
                "the position survives being saved");
  fuzz::require(loaded.attributes.size() == twice.attributes.size(),
                "attributes survive being saved");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(  // NOLINT(readability-identifier-naming)
    const std::uint8_t* data,
    std::size_t size) {
  const fuzz::Bytes bytes(data, size);
  const bool raw = std::string_view(reinterpret_cast<const char*>(data), size).starts_with("spike");
  const fuzz::ScratchFile file(bytes);
  const std::filesystem::path made = fuzz::scratch_folder() / "made.h5";
  fuzz::Source source(bytes);
  if (!raw) make(source, made);
  const long open_before = fuzz::open_ids();
  Checkpoint loaded;
  try {
    loaded = load_checkpoint(raw ? file.path() : made);
  } catch (const DataError&) {  // what a broken file must lead to
    fuzz::require(fuzz::open_ids() == open_before, "a file that is refused is closed");
    return 0;
  }
  fuzz::require(fuzz::open_ids() == open_before, "a file that was read is closed");
  check(loaded);
  try {
    Net net;
    Adam adam(net.parameters());
    restore(loaded, net, &adam);
    apps::TrainState::load(loaded, "checkpoint.h5");
  } catch (const DataError&) {  // of another network or no run
  }
  return 0;
}
