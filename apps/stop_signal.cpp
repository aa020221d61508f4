#include "apps/stop_signal.hpp"

#include <atomic>

namespace spiketape::apps {
namespace {

// A signal handler can reach nothing but a global.
std::atomic<int> received_signal{0};  // NOLINT(readability-identifier-naming)
static_assert(std::atomic<int>::is_always_lock_free);

}  // namespace

StopOnSignal::StopOnSignal() {
  struct sigaction action {};
  action.sa_handler = [](int signal) { received_signal = signal; };
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, &old_interrupt_);
  sigaction(SIGTERM, &action, &old_terminate_);
}

StopOnSignal::~StopOnSignal() {
  sigaction(SIGINT, &old_interrupt_, nullptr);
  sigaction(SIGTERM, &old_terminate_, nullptr);
}

int stop_signal() { return received_signal; }

}  // namespace spiketape::apps
