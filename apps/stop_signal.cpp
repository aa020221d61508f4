#include "apps/stop_signal.hpp"

#include <array>
#include <atomic>
#include <csignal>

namespace spiketape::apps {
namespace {

// A signal handler can reach nothing but a global.
std::atomic<int> stop_signal{0};  // NOLINT(readability-identifier-naming)
static_assert(std::atomic<int>::is_always_lock_free);

constexpr std::array kSignals{SIGINT, SIGTERM};
std::array<struct sigaction, kSignals.size()> old_actions;  // NOLINT: as above

}  // namespace

StopOnSignal::StopOnSignal() {
  stop_signal = 0;
  struct sigaction action {};
  action.sa_handler = [](int signal) { stop_signal = signal; };
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  for (std::size_t i = 0; i < kSignals.size(); ++i)
    sigaction(kSignals[i], &action, &old_actions[i]);
}

StopOnSignal::~StopOnSignal() {
  for (std::size_t i = 0; i < kSignals.size(); ++i)
    sigaction(kSignals[i], &old_actions[i], nullptr);
}

int StopOnSignal::asked() const { return stop_signal; }

}  // namespace spiketape::apps
