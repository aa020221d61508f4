#include "apps/download/fetch.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

namespace spiketape::apps {
namespace {

constexpr std::chrono::seconds kLongestWait{60};
constexpr std::chrono::milliseconds kBetweenLooks{50};

/// False when the user asks to stop.
bool wait(std::chrono::milliseconds time, const DownloadHooks& hooks) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    if (hooks.stop_asked()) return false;
    std::this_thread::sleep_for(std::min(kBetweenLooks, time));
  }
  return true;
}

bool may_resume(const std::string& url, const PartFile& part, bool will_be_checked) {
  if (will_be_checked) return true;
  const Origin origin = part.origin();
  return origin.url == url && !origin.version.empty();
}

[[noreturn]] void stop(const PartFile& part) {
  throw DownloadStopped(fmt::format("stopped; {} holds {}, and the same command goes on from there",
                                    part.path().string(),
                                    size_in_words(part.size())));
}

}  // namespace

bool fetch(const std::string& url,
           PartFile& part,
           bool will_be_checked,
           const FetchOptions& options,
           const DownloadHooks& hooks) {
  const std::string title = part.path().stem().string();
  const RequestWatch watch = [&](std::int64_t done, std::int64_t total) {
    if (hooks.progress) hooks.progress(title, done, total);
    return hooks.stop_asked();
  };
  bool from_zero = false;
  std::int64_t most = part.size();
  for (int attempt = 1;; ++attempt) {
    const std::int64_t before = part.size();
    const bool resume = !from_zero && before > 0 && may_resume(url, part, will_be_checked);
    if (resume) hooks.tell(fmt::format("{}: going on after {}", title, size_in_words(before)));
    const RequestOutcome outcome = request(url, part, resume, options.limits, watch);
    if (resume && !outcome.resumed && part.size() > 0 &&
        outcome.kind == RequestOutcome::Kind::complete)
      hooks.tell(fmt::format("{}: the host has sent the whole file anew", title));
    // Only bytes that were never there before count as progress: a host that always breaks off at
    // the same place is not asked for ever.
    if (part.size() > most) attempt = 1;
    most = std::max(most, part.size());
    const std::string so_far = fmt::format("{}: {}", url, outcome.reason);
    switch (outcome.kind) {
      case RequestOutcome::Kind::complete:
        return outcome.resumed;
      case RequestOutcome::Kind::stopped:
        stop(part);
      case RequestOutcome::Kind::refused:
        throw HostError(so_far);
      case RequestOutcome::Kind::restart:
        if (attempt >= options.attempts) throw HostError(so_far);
        hooks.tell(fmt::format("{}; starting anew", so_far));
        from_zero = true;
        break;
      case RequestOutcome::Kind::transient: {
        if (attempt >= options.attempts)
          throw HostError(fmt::format("{} ({} attempts)", so_far, attempt));
        const auto backoff = options.first_wait * (1 << (attempt - 1));
        const auto time = std::min<std::chrono::milliseconds>(
            std::max<std::chrono::milliseconds>(backoff, outcome.retry_after), kLongestWait);
        hooks.tell(fmt::format("{}; {} are there, asking again in {:.1f} s",
                               so_far,
                               size_in_words(part.size()),
                               std::chrono::duration<double>(time).count()));
        if (!wait(time, hooks)) stop(part);
        from_zero = false;
        break;
      }
    }
  }
}

}  // namespace spiketape::apps
