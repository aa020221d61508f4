#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/binning.hpp"
#include "data/event_dataset.hpp"

/// Recordings of sensors on a disk, and the two ways to train on them: held, that is read once and
/// kept compactly, or streamed, read and binned whenever a batch needs them. Both give the same
/// events, so the same training to the bit.
namespace spiketape {

/// Labelled recordings that can be read in any order: a folder of files, or a file of lists.
/// Reading is thread-safe.
class Recordings {
 public:
  virtual ~Recordings() = default;
  Recordings(const Recordings&) = delete;
  Recordings& operator=(const Recordings&) = delete;

  virtual std::int64_t size() const = 0;
  virtual std::int64_t steps() const = 0;
  virtual std::int64_t neurons() const = 0;
  virtual std::int64_t classes() const = 0;
  virtual std::int32_t label(std::int64_t recording) const = 0;
  /// No more events than this: told by the sizes of files, so without reading them.
  virtual std::int64_t most_events() const = 0;

  /// Reads and bins recordings first, first + 1, ..., one into each list of `events`, sorted by
  /// (step, unit), and adds to `report`. @throws DataError when a recording cannot be read or is
  /// broken; names file and recording.
  virtual void read(std::int64_t first,
                    std::span<std::vector<StepEvent>> events,
                    BinningReport& report) const = 0;

 protected:
  Recordings() = default;
};

/// Recordings in memory and what became of their events.
struct HeldRecordings {
  EventDataset recordings;
  BinningReport report;
};

/// Reads everything, a few hundred recordings at a time.
HeldRecordings hold(const Recordings& recordings);

/// Recordings that stay on the disk.
class StreamedDataset final : public Dataset {
 public:
  explicit StreamedDataset(std::unique_ptr<const Recordings> recordings);

  std::int64_t size() const override { return recordings_->size(); }
  std::int64_t steps() const override { return recordings_->steps(); }
  std::int64_t neurons() const override { return recordings_->neurons(); }
  std::int64_t classes() const override { return recordings_->classes(); }

 private:
  std::int32_t label_of(std::int64_t sample) const override { return recordings_->label(sample); }
  std::span<const StepEvent> events_of(std::int64_t sample,
                                       std::int64_t epoch,
                                       std::vector<StepEvent>& scratch) const override;

  std::unique_ptr<const Recordings> recordings_;
};

/// How many bytes of events may be held.
class MemoryBudget {
 public:
  /// `mebibytes`, or half of the machine's memory when that is 0. @throws DataError when below 0 or
  /// beyond 2^40.
  explicit MemoryBudget(std::int64_t mebibytes);
  /// Whether `bytes` still fit; takes them if so.
  bool take(std::int64_t bytes);
  std::int64_t left() const { return left_; }

 private:
  std::int64_t left_;
};

/// A data set and how it came about, for people.
struct KeptRecordings {
  std::unique_ptr<const Dataset> dataset;
  std::string remark;  ///< says also when they are streamed, and why
};

/// Holds the recordings when all their events fit into what is left of the budget, else streams.
/// Either way all are read once here: what is broken is an error before the training begins, and
/// the remark counts what was cut off or dropped.
KeptRecordings keep(std::unique_ptr<const Recordings> recordings, MemoryBudget& budget);

/// Bytes of memory that this process can have: the machine's, or less in a container that says so.
std::int64_t machine_memory();

}  // namespace spiketape
