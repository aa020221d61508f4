#include "apps/download/download.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "apps/download/md5.hpp"
#include "apps/download/part_file.hpp"
#include "apps/download/unpack.hpp"

namespace spiketape::apps {
namespace fs = std::filesystem;
namespace {

std::string address_of(const RemoteSet& set, const RemoteFile& file, const std::string& from) {
  const bool mirror = !from.empty();
  std::string address = mirror ? from : set.address;
  while (address.ends_with('/')) address.pop_back();
  return address + '/' + (mirror || file.place.empty() ? file.name : file.place);
}

/// What to do when no program can help.
std::string by_hand(const RemoteSet& set, const RemoteFile& file, const fs::path& place) {
  std::string text = fmt::format(
      "\n  by hand: look for {} at {},\n  save it as {} ({}{}), and give the same command again: "
      "it "
      "checks it{}",
      file.name,
      set.page,
      place.string(),
      file.md5.empty() ? "" : "md5 " + file.md5 + ", ",
      "about " + size_in_words(file.bytes),
      file.result.empty() ? "" : " and unpacks it");
  for (const std::string& mirror : set.mirrors)
    text += fmt::format("\n  or from a mirror: --from {}", mirror);
  return text;
}

/// One file of one data set on its way.
class Item {
 public:
  Item(const RemoteSet& set, const RemoteFile& file, const DownloadOptions& options)
      : set_(set),
        file_(file),
        options_(options),
        hooks_(options.hooks),
        url_(address_of(set, file, options.from)),
        place_(options.to / file.name) {}

  void bring() const {
    if (file_.result.empty()) {
      bring_file();
      return;
    }
    const fs::path target = options_.to / file_.result;
    if (fs::exists(target)) {
      check_result(target);
      return;
    }
    const bool fetched = bring_file();
    const std::int64_t files = unpack(place_, target, file_.files > 0, hooks_);
    hooks_.tell(
        fmt::format("{}: unpacked, {} file{}", target.string(), files, files == 1 ? "" : "s"));
    if (fetched) {
      fs::remove(place_);
    } else {
      hooks_.tell(fmt::format("{}: is no longer needed", place_.string()));
    }
  }

 private:
  /// False when the file was there already.
  bool bring_file() const {
    if (!fs::exists(place_)) {
      fetch_checked();
      return true;
    }
    const std::string md5 = md5_of_file(place_);
    if (!accepts(md5)) {
      throw DataError(fmt::format(
          "{}: is there already, but expected md5 {}, got {}; move it away to fetch the known one, "
          "or keep it by --accept-unknown-checksum",
          place_.string(),
          file_.md5,
          md5));
    }
    hooks_.tell(fmt::format("{}: is there already, {}", place_.string(), verdict(md5)));
    return false;
  }

  void fetch_checked() const {
    PartFile part(place_);
    const bool will_be_checked = !file_.md5.empty() && !options_.accept_unknown_checksum;
    hooks_.tell(fmt::format("{}: fetching {}", file_.name, url_));
    for (bool again = false;; again = true) {
      const std::int64_t before = part.size();
      const bool resumed = fetch_or_explain(part, will_be_checked);
      const std::string md5 = md5_of_file(part.path());
      if (accepts(md5)) {
        part.finish();
        hooks_.tell(
            fmt::format("{}: {}, {}", place_.string(), size_in_words(part.size()), verdict(md5)));
        return;
      }
      // Whole before, and the host's version is still that one: the same bytes would come again.
      const Origin origin = part.origin();
      const bool same =
          resumed && part.size() == before && origin.url == url_ && !origin.version.empty();
      if (!resumed || again || same) refuse(part, md5, same);
      hooks_.tell(
          fmt::format("{}: expected md5 {}, got {}: the {} that an earlier download left are of "
                      "another file or damaged, and are removed; fetching it once more from the "
                      "start",
                      file_.name,
                      file_.md5,
                      md5,
                      size_in_words(before)));
      part.restart({});
    }
  }

  bool fetch_or_explain(PartFile& part, bool will_be_checked) const {
    try {
      return fetch(url_, part, will_be_checked, options_.fetch, hooks_);
    } catch (const HostError& error) {
      throw HostError(error.what() + by_hand(set_, file_, place_));
    }
  }

  bool accepts(const std::string& md5) const {
    return md5 == file_.md5 || file_.md5.empty() || options_.accept_unknown_checksum;
  }

  std::string verdict(const std::string& md5) const {
    if (md5 == file_.md5) return "md5 is right";
    if (file_.md5.empty()) return fmt::format("md5 {}; none is known, so not checked", md5);
    return fmt::format(
        "md5 {} is not the known {}: accepted, as you asked; results may differ", md5, file_.md5);
  }

  [[noreturn]] void refuse(const PartFile& part, const std::string& md5, bool same) const {
    throw DataError(fmt::format(
        "{}: expected md5 {}, got {} ({}); this is another version of the file, or no such file at "
        "all. It is kept as {}{}\n  to use it as it is: the same command with "
        "--accept-unknown-checksum{}",
        url_,
        file_.md5,
        md5,
        size_in_words(part.size()),
        part.path().string(),
        same ? ", and was not fetched again: the host still has the same; remove it to try anew"
             : "",
        by_hand(set_, file_, place_)));
  }

  /// What was unpacked has no known checksum, but appears whole or not at all; a folder from
  /// elsewhere may hold less.
  void check_result(const fs::path& target) const {
    const std::int64_t files = count_files(target);
    if (file_.files > 0 && files != file_.files && !options_.accept_unknown_checksum) {
      throw DataError(
          fmt::format("{}: is there already, but expected {} files, got {}; move it away to fetch "
                      "all of it, or "
                      "keep it by --accept-unknown-checksum",
                      target.string(),
                      file_.files,
                      files));
    }
    hooks_.tell(fmt::format("{}: is there already, {} file{}; move it away to fetch it anew",
                            target.string(),
                            files,
                            files == 1 ? "" : "s"));
  }

  const RemoteSet& set_;
  const RemoteFile& file_;
  const DownloadOptions& options_;
  const DownloadHooks& hooks_;
  std::string url_;
  fs::path place_;
};

void check_address(const std::string& from) {
  constexpr std::array<std::string_view, 3> kSchemes{"http://", "https://", "file:///"};
  const bool known = std::any_of(kSchemes.begin(), kSchemes.end(), [&](std::string_view scheme) {
    return from.starts_with(scheme);
  });
  if (from.empty() || known) return;
  throw Error(
      fmt::format("--from: expected an address that starts with http://, https:// or file:///, got "
                  "'{}'; a folder on this machine is file:///its/whole/path",
                  from));
}

}  // namespace

void download(const RemoteSet& set, const DownloadOptions& options) {
  check_address(options.from);
  std::error_code error;
  fs::create_directories(options.to, error);
  if (error || !fs::is_directory(options.to)) {
    throw DataError(fmt::format("{}: cannot be made a folder: {}; choose another one by --to",
                                options.to.string(),
                                error ? error.message() : "a file of that name is there"));
  }
  for (const RemoteFile& file : set.files) Item(set, file, options).bring();
  options.hooks.tell(fmt::format(
      "{} is complete. Next: ./run train {} --data {}", set.name, set.name, options.to.string()));
}

std::string remote_sets_in_words() {
  std::string text;
  for (const RemoteSet& set : remote_sets()) {
    text += fmt::format(
        "{:<8} {:>9}  {:<13} {}\n", set.name, size_in_words(set.bytes()), set.licence, set.title);
    text += fmt::format("{:<8} {:>9}  from {}\n", "", "", set.address);
  }
  return text +
         "\nSizes are of the files as they are fetched, about. Fetch one by: ./run download "
         "NAME --to DIR\n";
}

}  // namespace spiketape::apps
