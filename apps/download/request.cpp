#include "apps/download/request.hpp"

#include <curl/curl.h>

#include <array>
#include <exception>
#include <memory>
#include <string_view>

#include <fmt/format.h>

#include "apps/download/response.hpp"

namespace spiketape::apps {
namespace {

constexpr long kSlowestBytesPerSecond = 100;
constexpr long kRedirects = 10;

using Kind = RequestOutcome::Kind;
using Handle = std::unique_ptr<CURL, void (*)(CURL*)>;
using HeaderList = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

Handle make_handle() {
  // libcurl wants this once, before other threads use it; C++ makes it so.
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  Handle handle(ready == CURLE_OK ? curl_easy_init() : nullptr, curl_easy_cleanup);
  if (!handle) throw Error("download: libcurl cannot be started; is there memory left?");
  return handle;
}

/// One request. libcurl calls back in C: no exception may pass through it, so they wait in
/// `failure`.
class Request {
 public:
  Request(const std::string& url, PartFile& part, bool resume, const RequestWatch& watch)
      : url_(url), part_(part), watch_(watch), asked_for_rest_(resume && part.size() > 0) {
    if (!asked_for_rest_) return;
    const Origin origin = part.origin();
    guarded_ = origin.url == url && !origin.version.empty();
    if (guarded_)
      condition_.reset(curl_slist_append(nullptr, ("If-Range: " + origin.version).c_str()));
  }

  RequestOutcome run(const RequestLimits& limits) {
    set_options(limits);
    const CURLcode code = curl_easy_perform(handle_.get());
    if (failure_) std::rethrow_exception(failure_);
    if (stopped_) return {.kind = Kind::stopped, .resumed = resumed_, .reason = "stopped"};
    if (misfit_)
      return {.kind = Kind::restart, .reason = "the host sends another part than asked for"};
    return code == CURLE_OK ? after_response() : after_failure(code);
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(handle_.get(), option, value);
  }

  void set_options(const RequestLimits& limits) {
    set(CURLOPT_URL, url_.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https,file");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, kRedirects);
    set(CURLOPT_USERAGENT, "spiketape/" SPIKETAPE_VERSION);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_ERRORBUFFER, message_.data());
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(limits.connect.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, kSlowestBytesPerSecond);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.stall.count()));
    set(CURLOPT_HEADERFUNCTION, &Request::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Request::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &Request::on_progress);
    set(CURLOPT_XFERINFODATA, this);
    // Not CURLOPT_RESUME_FROM: that fails where a host sends the whole file instead.
    if (asked_for_rest_) set(CURLOPT_RANGE, (range_ = fmt::format("{}-", part_.size())).c_str());
    if (condition_) set(CURLOPT_HTTPHEADER, condition_.get());
  }

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Request*>(self)->guard(size, [&](Request& request) {
      request.headers_.add_line({data, size});
      return true;
    });
  }

  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Request*>(self)->guard(size, [&](Request& request) {
      if (!request.begun_ && !request.begin_body()) return false;
      if (request.wanted_) request.part_.append(data, size);
      return true;
    });
  }

  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    const std::size_t go_on = static_cast<Request*>(self)->guard(1, [](Request& request) {
      const bool known = request.wanted_ && request.length_ >= 0;
      const std::int64_t total = known ? request.before_ + request.length_ : 0;
      request.stopped_ = request.watch_ && request.watch_(request.part_.size(), total);
      return !request.stopped_;
    });
    return go_on == 1 ? 0 : 1;
  }

  /// What a callback returns: `size`, or 0 (which ends the request) for false or an exception.
  template <class Body>
  std::size_t guard(std::size_t size, Body body) {
    try {
      return body(*this) ? size : 0;
    } catch (...) {
      failure_ = std::current_exception();
      return 0;
    }
  }

  /// Decides where the body belongs. False when it fits nowhere.
  bool begin_body() {
    begun_ = true;
    const long status = status_code();
    const bool from_disk = status == 0;
    wanted_ = from_disk || (status >= 200 && status < 300);
    if (!wanted_) return true;  // an error page
    curl_off_t length = -1;
    curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    length_ = length;
    if (status == 206 || (from_disk && asked_for_rest_)) {
      if (!from_disk && (!asked_for_rest_ || headers_.range().first != part_.size())) {
        misfit_ = true;
        return false;
      }
      resumed_ = true;
      if (!guarded_) part_.forget_origin();
    } else {
      part_.restart({url_, headers_.version()});
    }
    before_ = part_.size();
    check_space(part_.path().parent_path(), length_);
    return true;
  }

  RequestOutcome after_response() {
    const long status = status_code();
    if (status == 416 && asked_for_rest_) {  // nothing is left to send, or the file is another one
      const auto total = headers_.range().total;
      if (!total || *total == part_.size()) return {.kind = Kind::complete, .resumed = true};
      return {.kind = Kind::restart, .reason = "the file has become shorter than what is there"};
    }
    if (status != 0 && (status < 200 || status >= 300)) return after_error_page(status);
    if (!begun_ && !begin_body()) return {.kind = Kind::restart, .reason = "an empty answer"};
    return {.kind = Kind::complete, .resumed = resumed_};
  }

  RequestOutcome after_error_page(long status) {
    curl_off_t seconds = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RETRY_AFTER, &seconds);
    const bool busy =
        status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
    const bool gone = status == 404 || status == 410;
    return {
        .kind = busy ? Kind::transient : Kind::refused,
        .reason = fmt::format("the host answers HTTP {}{}", status, gone ? ", no such file" : ""),
        .retry_after = std::chrono::seconds(seconds)};
  }

  RequestOutcome after_failure(CURLcode code) {
    std::string reason = message_[0] != '\0' ? message_.data() : curl_easy_strerror(code);
    switch (code) {
      case CURLE_COULDNT_CONNECT:
      case CURLE_OPERATION_TIMEDOUT:
      case CURLE_PARTIAL_FILE:
      case CURLE_GOT_NOTHING:
      case CURLE_RECV_ERROR:
      case CURLE_SEND_ERROR:
      case CURLE_SSL_CONNECT_ERROR:
      case CURLE_HTTP2:
      case CURLE_HTTP2_STREAM:
        return {.kind = Kind::transient, .resumed = resumed_, .reason = reason};
      case CURLE_BAD_DOWNLOAD_RESUME:  // of a file on this disk
      case CURLE_RANGE_ERROR:
        return {.kind = Kind::restart, .reason = reason};
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
        reason += "; on Debian, the package ca-certificates holds what is needed";
        break;
      case CURLE_COULDNT_RESOLVE_HOST:
        reason += "; there is no network, or the host has moved";
        break;
      default:
        break;
    }
    return {.kind = Kind::refused, .reason = reason};
  }

  long status_code() const {
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

  const std::string& url_;
  PartFile& part_;
  const RequestWatch& watch_;
  const bool asked_for_rest_;
  bool guarded_ = false;  ///< by If-Range: an answer with the rest is of the same version
  bool begun_ = false;
  bool wanted_ = false;  ///< the body is the file, not an error page
  bool resumed_ = false;
  bool misfit_ = false;
  bool stopped_ = false;
  std::int64_t before_ = 0;   ///< bytes that were there when the body began
  std::int64_t length_ = -1;  ///< of the body; -1 = not told
  std::exception_ptr failure_;
  std::string range_;
  std::array<char, CURL_ERROR_SIZE> message_{};
  ResponseHeaders headers_;
  HeaderList condition_{nullptr, curl_slist_free_all};
  Handle handle_ = make_handle();
};

}  // namespace

RequestOutcome request(const std::string& url,
                       PartFile& part,
                       bool resume,
                       const RequestLimits& limits,
                       const RequestWatch& watch) {
  return Request(url, part, resume, watch).run(limits);
}

}  // namespace spiketape::apps
