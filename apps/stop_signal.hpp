#pragma once

namespace spiketape::apps {

/// While it lives, the first Ctrl-C or SIGTERM only asks to stop; the second ends the program as
/// usual. One at a time.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  /// The number of the signal that asked, or 0.
  int asked() const;
};

}  // namespace spiketape::apps
