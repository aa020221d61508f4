#include <algorithm>
#include <cstdint>
#include <fstream>

#include <unistd.h>

#include "data/recordings.hpp"

namespace spiketape {
namespace {

/// The number that a file begins with, or `otherwise`: "max", or there is no such file.
std::int64_t number_in(const char* file, std::int64_t otherwise) {
  std::ifstream stream(file);
  std::int64_t number = 0;
  return stream >> number && number > 0 ? number : otherwise;
}

}  // namespace

std::int64_t machine_memory() {
  constexpr std::int64_t kUnknown = std::int64_t{4} << 30;
  const std::int64_t pages = ::sysconf(_SC_PHYS_PAGES);
  const std::int64_t page_bytes = ::sysconf(_SC_PAGESIZE);
  std::int64_t bytes = pages > 0 && page_bytes > 0 ? pages * page_bytes : kUnknown;
  for (const char* limit :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"})
    bytes = std::min(bytes, number_in(limit, bytes));
  return bytes;
}

}  // namespace spiketape
