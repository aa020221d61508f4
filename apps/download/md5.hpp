#pragma once

#include <filesystem>
#include <string>

namespace spiketape::apps {

/// The MD5 checksum (RFC 1321) of a file as 32 lower-case hexadecimal digits. It finds accidents;
/// against an attacker it is no protection.
/// @throws DataError when the file cannot be read.
std::string md5_of_file(const std::filesystem::path& file);

}  // namespace spiketape::apps
