#pragma once

#include <filesystem>
#include <string>

#include "apps/download/fetch.hpp"
#include "apps/download/sets.hpp"

/// Fetching a data set. A file appears under its final name once it is whole and its checksum is
/// right; until then it is NAME.part, and what comes out of an archive is in NAME.unpacking.
///
///   sets      what is where            fetch    one file, in as many requests as it takes
///   part_file what has come so far     request  one request, by libcurl
///   md5, unpack, disk, transfer_bar
namespace spiketape::apps {

struct DownloadOptions {
  std::filesystem::path to;  ///< folder; is made
  std::string from = {};     ///< address of a mirror's folder: http://, https:// or file://
  bool accept_unknown_checksum = false;
  FetchOptions fetch = {};
  DownloadHooks hooks = {};
};

/// Fetches, checks and unpacks what is not there yet; in the end says how to train on it.
/// @throws Error when `from` is no address; HostError with the way to get the file by hand;
/// DataError for a wrong checksum or a full disk; DownloadStopped.
void download(const RemoteSet& set, const DownloadOptions& options);

/// The data sets with sizes, licences and addresses, as lines for people.
std::string remote_sets_in_words();

}  // namespace spiketape::apps
