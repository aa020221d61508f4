#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <vector>

#include "data/batch.hpp"
#include "data/dataset.hpp"

namespace spiketape {

struct LoaderOptions {
  std::int64_t batch = 256;  ///< samples a batch; the last of an epoch may hold fewer
  bool shuffle = true;       ///< a new order each epoch, else the order given
  std::uint64_t seed = 0;    ///< of the order
  std::int64_t prefetch =
      2;  ///< batches made ahead by a thread; 0: made when asked for, without a thread
};

/// Batches of a data set, epoch after epoch:
///
///     Loader loader(dataset, split.training, {.batch = 256, .seed = 1});
///     for (int epoch = 0; epoch < 10; ++epoch)
///       for (const Batch& batch : loader) ...
///
/// The order of an epoch is a pure function of (samples, seed, epoch), so a resumed run calls
/// set_epoch(epoch, batch) and sees what it would have seen. A loop that reaches the end of a
/// shuffled epoch moves on to the next epoch; a loop that leaves early does not. Without shuffling
/// the epoch stays, so that every loop sees the same batches. Loops of one loader must not run at
/// the same time, and it must outlive them.
class Loader {
 public:
  class Iterator;

  /// All samples of `dataset`, which must outlive the loader.
  /// @throws DataError when there are no samples, a sample does not exist, batch is below 1 or
  /// prefetch below 0. A batch larger than the set becomes one batch of all samples.
  explicit Loader(const Dataset& dataset, LoaderOptions options = {});
  /// Only `samples`, in this order when not shuffled.
  Loader(const Dataset& dataset, std::span<const std::int64_t> samples, LoaderOptions options = {});
  explicit Loader(const Dataset&& dataset, LoaderOptions options = {}) = delete;
  Loader(const Dataset&& dataset,
         std::span<const std::int64_t> samples,
         LoaderOptions = {}) = delete;

  std::int64_t samples() const { return static_cast<std::int64_t>(samples_.size()); }
  /// Batches of a whole epoch.
  std::int64_t batches() const;
  const LoaderOptions& options() const { return options_; }
  const Dataset& dataset() const { return dataset_; }

  /// The epoch that the next loop will run.
  std::int64_t epoch() const { return epoch_; }
  /// The next loop runs `epoch`, from batch `first_batch` on; loops after it run whole epochs
  /// again.
  /// @throws DataError unless epoch >= 0 and 0 <= first_batch <= batches().
  void set_epoch(std::int64_t epoch, std::int64_t first_batch = 0);

  /// The samples in the order of `epoch`.
  std::vector<std::int64_t> order(std::int64_t epoch) const;

  /// Starts a loop. What goes wrong while a batch is made is thrown where that batch is asked for.
  Iterator begin();
  std::default_sentinel_t end() const { return std::default_sentinel; }

 private:
  const Dataset& dataset_;
  std::vector<std::int64_t> samples_;
  LoaderOptions options_;
  std::int64_t epoch_ = 0;
  std::int64_t first_batch_ = 0;
};

/// A loop over batches; owns the prefetch thread, which ends with it.
class Loader::Iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = Batch;
  using difference_type = std::ptrdiff_t;

  Iterator(Iterator&&) noexcept;
  Iterator& operator=(Iterator&&) noexcept;
  Iterator(const Iterator&) = delete;
  Iterator& operator=(const Iterator&) = delete;
  ~Iterator();

  const Batch& operator*() const { return batch_; }
  const Batch* operator->() const { return &batch_; }
  Iterator& operator++();
  void operator++(int) { ++*this; }
  bool operator==(std::default_sentinel_t) const { return pass_ == nullptr; }

 private:
  friend class Loader;
  class Pass;
  Iterator(Loader& loader, std::unique_ptr<Pass> pass);

  Loader* loader_;
  std::unique_ptr<Pass> pass_;  ///< null at the end
  Batch batch_;
};

}  // namespace spiketape
