#pragma once

#include <csignal>

namespace spiketape::apps {

/// While it lives, the first Ctrl-C or SIGTERM only asks to stop; the second ends the program as
/// usual.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

 private:
  struct sigaction old_interrupt_ {};
  struct sigaction old_terminate_ {};
};

/// The signal that has asked to stop; 0 = none has.
int stop_signal();

}  // namespace spiketape::apps
