#pragma once

#include <optional>

#include "core/device.hpp"
#include "data/loader.hpp"

namespace spiketape::apps {

/// One loop over a loader's batches, with their spikes on a device:
///
///     DeviceBatches batches(loader, device);
///     while (const Batch* batch = batches.next()) ...
///
/// A card gets each batch one step ahead, so that the copy runs beside the kernels of the step
/// before. On the CPU these are the loader's own batches.
class DeviceBatches {
 public:
  /// Starts a loop of `loader`, which must outlive this.
  DeviceBatches(Loader& loader, Device device);
  ~DeviceBatches();
  DeviceBatches(const DeviceBatches&) = delete;
  DeviceBatches& operator=(const DeviceBatches&) = delete;

  /// The next batch, or null at the end; it stays until the next call. What goes wrong while a
  /// batch is made is thrown here; for a card one batch early.
  const Batch* next();

 private:
  /// The loader's next batch on the card, or nothing at the end.
  std::optional<Batch> upload();

  Device device_;
  Loader::Iterator at_;
  bool started_ = false;
  std::optional<Batch> current_;  ///< on a card, as is ahead_
  std::optional<Batch> ahead_;
};

}  // namespace spiketape::apps
