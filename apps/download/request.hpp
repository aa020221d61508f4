#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "apps/download/part_file.hpp"

namespace spiketape::apps {

/// How long a request may last.
struct RequestLimits {
  std::chrono::seconds connect{30};
  std::chrono::seconds stall{60};  ///< with fewer than 100 bytes a second
};

/// How one request ended.
struct RequestOutcome {
  enum class Kind {
    complete,   ///< the whole file is there
    restart,    ///< what is there does not fit: ask again, for the whole file
    transient,  ///< may go better next time
    stopped,    ///< by the caller
    refused,    ///< will not go better
  };

  Kind kind = Kind::refused;
  bool resumed = false;                 ///< bytes of an earlier request are part of the file
  std::string reason{};                 ///< in words, unless complete
  std::chrono::seconds retry_after{0};  ///< that the host has asked for
};

/// Called now and then. @returns true to stop the request.
using RequestWatch = std::function<bool(std::int64_t done, std::int64_t total)>;

/// Asks once for the file at `url` (http, https or file; at most 10 redirects, which may lead to
/// http and https only) and writes it to `part`. With `resume` only the rest is asked for, by
/// Range; if the origin of what is there has a version, on the condition that it is still the same
/// (If-Range). A host that sends the whole file all the same starts the part anew.
/// @throws DataError when `part` cannot be written, or the disk has not enough space.
RequestOutcome request(const std::string& url,
                       PartFile& part,
                       bool resume,
                       const RequestLimits& limits,
                       const RequestWatch& watch);

}  // namespace spiketape::apps
