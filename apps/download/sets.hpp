#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What `spiketape download` knows of data sets and their hosts. Hosts move: everything about them
/// stands in sets.cpp, and nowhere else.
namespace spiketape::apps {

/// One file as a host offers it.
struct RemoteFile {
  std::string name;         ///< in the folder, and at a mirror
  std::string place = {};   ///< behind the set's address, where that is not the name
  std::string md5 = {};     ///< 32 lower-case hexadecimal digits; empty = not known
  std::int64_t bytes = 0;   ///< about; for people
  std::string result = {};  ///< file or folder that the archive holds; empty = is used as it is
  std::int64_t files = 0;   ///< that a folder `result` must hold; 0 = not counted
};

/// A data set: where it is, and where a person finds it when it is no longer there.
struct RemoteSet {
  std::string name;                       ///< as the recipe is called
  std::string title;                      ///< with its authors
  std::string licence;                    ///< of the data
  std::string address;                    ///< of the folder with the files, ends without a slash
  std::string page;                       ///< for people
  std::vector<std::string> mirrors = {};  ///< other addresses that --from may name
  std::vector<RemoteFile> files;

  /// Sum over the files, about.
  std::int64_t bytes() const;
};

/// Every data set that can be fetched.
std::span<const RemoteSet> remote_sets();

/// The data set of that name.
/// @throws Error for a name that is none; for a recipe whose data are not at any host, says where
/// they come from.
const RemoteSet& find_remote_set(std::string_view name);

}  // namespace spiketape::apps
