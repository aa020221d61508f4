#include "apps/download/response.hpp"

#include <algorithm>
#include <charconv>

namespace spiketape::apps {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || value < 0) return {};
  return value;
}

}  // namespace

ContentRange parse_content_range(std::string_view value) {
  value = trimmed(value);
  constexpr std::string_view kUnit = "bytes ";
  if (!value.starts_with(kUnit)) return {};
  value.remove_prefix(kUnit.size());
  const std::size_t slash = value.find('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view places = value.substr(0, slash);
  return {number(places.substr(0, places.find('-'))), number(value.substr(slash + 1))};
}

void ResponseHeaders::add_line(std::string_view line) {
  if (line.starts_with("HTTP/")) *this = {};
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = lower(trimmed(line.substr(0, colon)));
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (name == "etag" && !value.starts_with("W/")) etag_ = value;
  if (name == "last-modified") last_modified_ = value;
  if (name == "content-range") range_ = parse_content_range(value);
}

}  // namespace spiketape::apps
