#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/error.hpp"

namespace spiketape {

/// A step that cannot be recorded, because the host has to wait for the card within it.
class NotRecordable : public BackendError {
  using BackendError::BackendError;
};
/// A step that cannot be recorded before it has run once more.
class NotYetRecordable : public NotRecordable {
  using NotRecordable::NotRecordable;
};

/// The host's part of a step that a card records once and then replays (autograd/step_graph.hpp).
/// While the step is recorded its ops run, but the card only takes note of its work; at a replay
/// the card works, but no op runs. What an op has to do on the host at every replay it leaves here,
/// as functions that hold no array of the card. Ops find the recording by Replay::recording().
///
/// What outlives a step is changed by it only if its results hold, which the host learns too late:
/// ops that find an array too short or a number not finite say so on the card, too, and optimisers
/// ask there (cuda/spoiled.cuh).
class Replay {
 public:
  virtual ~Replay() = default;
  Replay();
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  /// Of the step that this thread records; null outside a recording.
  static Replay* recording();

  /// Runs `body`, whose work on the card is noted down instead of done. Its arrays keep their
  /// addresses; arrays that were there before must stay where they are.
  /// @throws NotRecordable when the body has the host wait for the card; whatever the body throws.
  /// Nothing is recorded then.
  virtual void record(const std::function<void()>& body) = 0;
  /// Does the recorded work and waits for it. False: its results are void, see judge().
  virtual bool replay() = 0;
  /// While recording: host memory that has the `bytes` bytes at `from` on the card after each
  /// replay; undefined before the first.
  virtual std::shared_ptr<const void> download_bytes(const void* from, std::size_t bytes) = 0;
  /// The same for one number; when it is not finite the card changes nothing that outlives the
  /// step. (Whoever asks for it has to judge() it, too.)
  virtual std::shared_ptr<const float> watch(const float* on_card) = 0;

  /// No two recordings of a process have the same.
  std::uint64_t id() const { return id_; }

  /// Called when the recording ends, however it does: sets back what the op did on the host, since
  /// nothing has been computed yet.
  void at_end(std::function<void()> undo) { at_end_.push_back(std::move(undo)); }
  /// Asked before each replay: false when the recording does not fit any more, e.g. because a
  /// gradient would have to be added to one that is there.
  void require(std::function<bool()> fits) { require_.push_back(std::move(fits)); }
  /// Called before each replay; throws to refuse what was brought, e.g. labels.
  void before(std::function<void()> check) { before_.push_back(std::move(check)); }
  /// Asked after the card's work, in order, until one is false: the results are void, because an
  /// array was too short, and the step has to be recorded anew. Throws for results that are not
  /// finite.
  /// @throws NotRecordable after an update: what is found later could not hold it back any more.
  void judge(std::function<bool()> holds);
  /// An optimiser's work was recorded.
  void update_recorded() { updated_ = true; }
  /// Called after a replay whose results hold.
  void after(std::function<void()> work) { after_.push_back(std::move(work)); }

  /// Host memory whose values the card reads anew at each replay when they are copied to it in the
  /// recording. (What is copied from elsewhere stays as it was.) It must outlive the recording.
  void follow(const void* memory, std::size_t bytes) { followed_.push_back({memory, bytes}); }
  bool follows(const void* memory) const;
  /// A counter that the step advances, and its value when the recording began. The recording leaves
  /// it as it was; each replay that holds advances it as far.
  std::uint64_t follow_counter(const std::shared_ptr<std::uint64_t>& counter);

  bool fits() const;

 protected:
  /// Makes this the thread's recording().
  class Scope {
   public:
    explicit Scope(Replay* replay);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Replay* outer_;
  };

  /// As judge(), asked after all others.
  void judge_last(std::function<bool()> holds) { judge_.push_back(std::move(holds)); }
  void check_before() const;
  /// False: void. Otherwise the work after it is done, too.
  bool conclude() const;
  void end();

 private:
  struct Range {
    const void* memory;
    std::size_t bytes;
  };
  struct Counter {
    std::shared_ptr<std::uint64_t> value;
    std::uint64_t begin;
    std::uint64_t advance;
  };
  std::uint64_t id_;
  bool updated_ = false;
  std::vector<std::function<void()>> at_end_;
  std::vector<std::function<bool()>> require_;
  std::vector<std::function<void()>> before_;
  std::vector<std::function<bool()>> judge_;
  std::vector<std::function<void()>> after_;
  std::vector<Range> followed_;
  std::vector<Counter> counters_;
};

/// For host data that is sent to a card. @throws NotRecordable in a recording that does not follow
/// `memory`: each replay would send what the recorded step had.
void require_followed(const void* memory);

}  // namespace spiketape
