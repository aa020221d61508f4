#include "autograd/layer_work.hpp"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "core/replay.hpp"

namespace spiketape {
namespace {

/// A number of entries that may be known later only; it holds no array.
class Count {
 public:
  explicit Count(const UnitRows& rows) : now_(rows.count()), counted_(rows.counted) {}
  std::int64_t operator()() const { return counted_ ? static_cast<std::int64_t>(*counted_) : now_; }

 private:
  std::int64_t now_;
  std::shared_ptr<const std::uint64_t> counted_;
};

/// A layer and what drives it, by numbers.
struct LayerWork {
  struct Term {
    std::shared_ptr<const Synapse> synapse;
    Count events;
    Count active;
    double source_places;
    bool grad_weight;
    bool grad_source;

    double macs(double entries) const { return synapse->multiply_adds(entries); }
    double macs(const Count& entries) const { return macs(static_cast<double>(entries())); }
  };

  LayerWork(const Current& current, const SpikeTensor& spikes)
      : places(spikes.rows() * spikes.neurons()),
        neurons(static_cast<double>(spikes.neurons())),
        recurrent(current.recurrence().defined()),
        events(spikes.events()),
        active(spikes.active()),
        bytes(static_cast<std::int64_t>(spikes.bytes())) {
    for (const Current::Term& term : current.terms()) {
      const SpikeTensor& source = term.source.value();
      terms.push_back({term.synapse,
                       Count(source.events()),
                       Count(source.active()),
                       static_cast<double>(source.rows() * source.neurons()),
                       term.weight.wants_grad(),
                       term.source.wants_grad()});
    }
  }

  // Dense: the products of all terms, once forward and once more for each gradient.
  void add_forward(Monitor* monitor) const {
    const auto all = static_cast<double>(places);
    monitor->neuron_steps += places;
    monitor->spikes += events();
    monitor->active += active();
    monitor->bytes += bytes;
    monitor->dense_bytes += places * static_cast<std::int64_t>(sizeof(float));
    monitor->macs += all;
    monitor->dense_macs += all;
    for (const Term& term : terms) {
      monitor->macs += term.macs(term.events);
      monitor->dense_macs += term.macs(term.source_places);
    }
    if (!recurrent) return;
    monitor->macs += static_cast<double>(events()) * neurons;
    monitor->dense_macs += all * neurons;
  }

  void add_backward(Monitor* monitor) const {
    const auto all = static_cast<double>(places);
    for (const Term& term : terms) {
      if (term.grad_weight) {
        monitor->macs += term.macs(term.events);
        monitor->dense_macs += term.macs(term.source_places);
      }
      if (term.grad_source) {
        monitor->macs += term.macs(term.active);
        monitor->dense_macs += term.macs(term.source_places);
      }
    }
    if (recurrent) {
      monitor->macs += neurons * static_cast<double>(events() + active());
      monitor->dense_macs += 2.0 * neurons * all;
    }
    monitor->macs += all;
    monitor->dense_macs += all;
  }

  std::int64_t places;
  double neurons;
  bool recurrent;
  Count events;
  Count active;
  std::int64_t bytes;
  std::vector<Term> terms;
};

void when_known(std::function<void()> count) {
  if (Replay* const replay = Replay::recording())
    replay->after(std::move(count));
  else
    count();
}

}  // namespace

void count_forward(const std::shared_ptr<Monitor>& monitor,
                   const Current& current,
                   const SpikeTensor& spikes) {
  when_known([monitor, work = LayerWork(current, spikes)] { work.add_forward(monitor.get()); });
}

void count_backward(const std::shared_ptr<Monitor>& monitor,
                    const Current& current,
                    const SpikeTensor& spikes) {
  when_known([monitor, work = LayerWork(current, spikes)] { work.add_backward(monitor.get()); });
}

}  // namespace spiketape
