#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spiketape::apps {

/// `Content-Range` of a 206 ("bytes 100-199/200") or a 416 ("bytes */200"), RFC 9110 section 14.4.
struct ContentRange {
  std::optional<std::int64_t> first;  ///< the place of the first byte that comes
  std::optional<std::int64_t> total;  ///< of the whole file
};

/// Empty fields for what is not there or is not a number.
ContentRange parse_content_range(std::string_view value);

/// The headers of a response that say which version of a file it holds, and which part.
class ResponseHeaders {
 public:
  /// Takes one line as it came. A status line starts a new response: after a redirect only the
  /// last one counts.
  void add_line(std::string_view line);

  /// What an If-Range header may name: a strong ETag, else Last-Modified, else empty.
  const std::string& version() const { return etag_.empty() ? last_modified_ : etag_; }
  const ContentRange& range() const { return range_; }

 private:
  std::string etag_;
  std::string last_modified_;
  ContentRange range_;
};

}  // namespace spiketape::apps
