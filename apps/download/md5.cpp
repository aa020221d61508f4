#include "apps/download/md5.hpp"

#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape::apps {

std::string md5_of_file(const std::filesystem::path& file) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest(EVP_MD_CTX_new(),
                                                                  EVP_MD_CTX_free);
  if (!digest || EVP_DigestInit_ex(digest.get(), EVP_md5(), nullptr) != 1) {
    throw Error("md5: OpenSSL refuses to compute it here (FIPS mode?); check the file by hand");
  }
  std::ifstream stream(file, std::ios::binary);
  std::vector<char> block(1 << 20);
  while (stream) {
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    EVP_DigestUpdate(digest.get(), block.data(), static_cast<std::size_t>(stream.gcount()));
  }
  // A folder can be opened, but not read: only then is there no end of file.
  if (!stream.eof()) {
    throw DataError(
        fmt::format("{}: cannot be read; check that it is a file and may be read", file.string()));
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned int length = 0;
  EVP_DigestFinal_ex(digest.get(), sum.data(), &length);
  std::string text;
  for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", sum[i]);
  return text;
}

}  // namespace spiketape::apps
