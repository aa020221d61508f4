#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "apps/download/part_file.hpp"
#include "apps/download/request.hpp"
#include "core/error.hpp"

namespace spiketape::apps {

/// A host that does not answer, or not with the file.
class HostError : public DataError {
  using DataError::DataError;
};

/// The user has asked to stop; what has come is kept.
class DownloadStopped : public Error {
  using Error::Error;
};

/// What a long task tells, and asks.
struct DownloadHooks {
  std::function<void(const std::string& line)> say = {};
  /// A transfer or an unpacking has come this far; `total` is 0 while it is not known.
  std::function<void(const std::string& title, std::int64_t done, std::int64_t total)> progress =
      {};
  std::function<bool()> stop = {};  ///< true = stop as soon as possible

  void tell(const std::string& line) const {
    if (say) say(line);
  }
  bool stop_asked() const { return stop && stop(); }
};

struct FetchOptions {
  RequestLimits limits = {};
  int attempts = 6;                            ///< in a row that bring nothing new
  std::chrono::milliseconds first_wait{1000};  ///< before the second one; then twice as long, ...
};

/// Fetches the file at `url` into `part`, in as many requests as it takes, going on where the part
/// ends. Without `will_be_checked` (against a known checksum) it goes on only where the host
/// confirms that the file is still the same; otherwise it starts anew.
/// @returns whether bytes of an earlier request are part of the file.
/// @throws HostError, DownloadStopped, and DataError when the part cannot be written.
bool fetch(const std::string& url,
           PartFile& part,
           bool will_be_checked,
           const FetchOptions& options,
           const DownloadHooks& hooks);

}  // namespace spiketape::apps
