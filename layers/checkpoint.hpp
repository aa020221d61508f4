#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "autograd/named.hpp"
#include "autograd/optimizer.hpp"
#include "layers/module.hpp"

namespace spiketape {

/// A free-form value in a checkpoint.
using Attribute = std::variant<std::int64_t, double, std::string>;

/// All that a run needs to go on bit for bit. Random numbers are pure functions of (seed, stream,
/// position), so positions are the whole random state: the modules' counters, and `epoch` and
/// `batch` for the loader.
struct Checkpoint {
  std::vector<NamedTensor> parameters;
  std::vector<NamedTensor> optimizer;  ///< Optimizer::state()
  std::map<std::string, std::uint64_t>
      counters;            ///< Module::counters(), and random positions of your own
  std::int64_t epoch = 0;  ///< epochs done
  std::int64_t batch = 0;  ///< batches done in the epoch under way
  std::map<std::string, Attribute> attributes;  ///< anything else: seed, recipe, best accuracy, ...
  std::string file = "checkpoint";  ///< what messages call it: load_checkpoint() notes its path
};

/// Writes an HDF5 file (groups parameters/, optimizer/, counters/, attributes/). It is written
/// beside as PATH.partial, flushed to the disk and renamed, so that after any failure, also a full
/// disk, the old file is still there whole.
/// @throws DataError naming the file and the system's reason; the partial file is then removed.
void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

/// @throws DataError when the file is missing, unreadable, truncated, no HDF5, no checkpoint, or of
/// a newer format.
Checkpoint load_checkpoint(const std::filesystem::path& path);

/// The state of a network, and of its optimiser when there is one. Values are copied to the host.
Checkpoint snapshot(const Module& net, const Optimizer* optimizer = nullptr);

/// Puts a checkpoint's state into a network, and into its optimiser when there is one, on whatever
/// device they are. Nothing is changed when it does not fit.
/// @throws DataError that names the file and lists missing, unexpected and mis-shaped parameters,
/// or counters that are missing.
void restore(const Checkpoint& checkpoint, Module& net, Optimizer* optimizer = nullptr);

}  // namespace spiketape
