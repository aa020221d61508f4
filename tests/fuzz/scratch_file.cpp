#include "tests/fuzz/scratch_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace spiketape::fuzz {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    const fs::path parent = fs::is_directory("/dev/shm") ? "/dev/shm" : fs::temp_directory_path();
    std::string name = (parent / "spiketape-fuzz-XXXXXX").string();
    require(mkdtemp(name.data()) != nullptr, "a scratch folder can be made");
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path path;
};

}  // namespace

ScratchFile::ScratchFile(Bytes bytes) : number_(memfd_create("spiketape-fuzz", MFD_CLOEXEC)) {
  require(number_ >= 0, "a file in memory can be made");
  while (!bytes.empty()) {
    const ssize_t written = ::write(number_, bytes.data(), bytes.size());
    require(written > 0, "a file in memory can be written");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

ScratchFile::~ScratchFile() { ::close(number_); }

const fs::path& scratch_folder() {
  static const Folder kFolder;
  return kFolder.path;
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: broken rule: %s\n", what);
  std::abort();
}

}  // namespace spiketape::fuzz
