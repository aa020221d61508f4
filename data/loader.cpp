#include "data/loader.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "data/prefetch.hpp"
#include "data/shuffle.hpp"
#include "data/split.hpp"

namespace spiketape {

/// One run over the batches of an epoch, with or without a thread.
class Loader::Iterator::Pass {
 public:
  Pass(const Loader& loader, std::int64_t epoch, std::int64_t first_batch)
      : maker_(loader.dataset()),
        order_(loader.order(epoch)),
        batch_size_(loader.options().batch),
        epoch_(epoch),
        next_(first_batch),
        end_(loader.batches()) {
    if (loader.options().prefetch > 0 && next_ < end_)
      prefetcher_.emplace([this] { return make(); },
                          static_cast<std::size_t>(loader.options().prefetch));
  }

  std::optional<Batch> next() { return prefetcher_ ? prefetcher_->next() : make(); }

 private:
  // With a prefetcher only its thread comes here.
  std::optional<Batch> make() {
    if (next_ == end_) return std::nullopt;
    const auto first = static_cast<std::size_t>(next_ * batch_size_);
    const std::size_t count =
        std::min(static_cast<std::size_t>(batch_size_), order_.size() - first);
    Batch batch = maker_.make(std::span(order_).subspan(first, count), epoch_);
    batch.index = next_++;
    return batch;
  }

  BatchMaker maker_;
  std::vector<std::int64_t> order_;
  std::int64_t batch_size_;
  std::int64_t epoch_;
  std::int64_t next_;
  std::int64_t end_;
  std::optional<Prefetcher> prefetcher_;  // last: its thread uses all of the above
};

Loader::Loader(const Dataset& dataset, LoaderOptions options)
    : Loader(dataset, all_samples(dataset.size()), options) {}

Loader::Loader(const Dataset& dataset, std::span<const std::int64_t> samples, LoaderOptions options)
    : dataset_(dataset), samples_(samples.begin(), samples.end()), options_(options) {
  if (samples_.empty())
    throw DataError(fmt::format("loader: expected 1 sample or more, got none (the data set has {})",
                                dataset.size()));
  for (const std::int64_t sample : samples_)
    if (sample < 0 || sample >= dataset.size())
      throw DataError(fmt::format(
          "loader: sample {} asked for; expected 0 <= sample < {}, the size of the data set",
          sample,
          dataset.size()));
  if (options_.batch < 1)
    throw DataError(
        fmt::format("loader: expected a batch of 1 sample or more, got {}", options_.batch));
  if (options_.prefetch < 0)
    throw DataError(
        fmt::format("loader: expected prefetch of 0 batches or more, got {}", options_.prefetch));
  options_.batch = std::min(options_.batch, this->samples());
}

std::int64_t Loader::batches() const { return (samples() + options_.batch - 1) / options_.batch; }

void Loader::set_epoch(std::int64_t epoch, std::int64_t first_batch) {
  if (epoch < 0) throw DataError(fmt::format("loader: expected epoch 0 or later, got {}", epoch));
  if (first_batch < 0 || first_batch > batches())
    throw DataError(
        fmt::format("loader: cannot start at batch {} of an epoch of {} batches; resume with the "
                    "batch size and the samples of "
                    "the run that was stopped",
                    first_batch,
                    batches()));
  epoch_ = epoch;
  first_batch_ = first_batch;
}

std::vector<std::int64_t> Loader::order(std::int64_t epoch) const {
  std::vector<std::int64_t> order = samples_;
  if (options_.shuffle)
    shuffle(
        order, options_.seed, random_stream("loader order") + static_cast<std::uint64_t>(epoch));
  return order;
}

Loader::Iterator Loader::begin() {
  const std::int64_t first = std::exchange(first_batch_, 0);
  Iterator iterator(*this, std::make_unique<Iterator::Pass>(*this, epoch_, first));
  ++iterator;
  return iterator;
}

Loader::Iterator::Iterator(Loader& loader, std::unique_ptr<Pass> pass)
    : loader_(&loader), pass_(std::move(pass)) {}
Loader::Iterator::Iterator(Iterator&&) noexcept = default;
Loader::Iterator& Loader::Iterator::operator=(Iterator&&) noexcept = default;
Loader::Iterator::~Iterator() = default;

Loader::Iterator& Loader::Iterator::operator++() {
  batch_ = Batch{};  // frees its arrays before the next one is held
  std::optional<Batch> next = pass_->next();
  if (next) {
    batch_ = *std::move(next);
  } else {
    pass_.reset();
    if (loader_->options_.shuffle) ++loader_->epoch_;
  }
  return *this;
}

}  // namespace spiketape
