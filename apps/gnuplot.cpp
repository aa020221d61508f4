// Reading guide: the script goes in, and gnuplot's messages come out, through unnamed temporary
// files rather than pipes: nobody waits for the other to read. Standard output is the picture.
#include "apps/gnuplot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include <fmt/format.h>

#include "core/atomic_file.hpp"
#include "core/error.hpp"

namespace spiketape::apps {
namespace {

/// Most characters of gnuplot's message that are shown.
constexpr std::size_t kMessageLimit = 600;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Stream = std::unique_ptr<std::FILE, CloseFile>;

[[noreturn]] void fail(const std::string& what, int error) {
  throw Error(
      fmt::format("gnuplot: {}: {}; try again", what, std::generic_category().message(error)));
}

Stream unnamed_file() {
  Stream stream(std::tmpfile());
  if (!stream) fail("cannot make a temporary file", errno);
  return stream;
}

Stream file_of(const std::string& text) {
  Stream stream = unnamed_file();
  if (std::fwrite(text.data(), 1, text.size(), stream.get()) != text.size() ||
      std::fflush(stream.get()) != 0)
    fail("cannot write its script to a temporary file", errno);
  std::rewind(stream.get());
  return stream;
}

std::string text_of(std::FILE* stream) {
  std::rewind(stream);
  std::string text(kMessageLimit, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stream));
  const auto last = text.find_last_not_of(" \n");
  text.resize(last == std::string::npos ? 0 : last + 1);
  const auto first = text.find_first_not_of(" \n");
  return first == std::string::npos ? "no message" : text.substr(first);
}

class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void redirect(std::FILE* stream, int to) {
    posix_spawn_file_actions_adddup2(&actions_, fileno(stream), to);
  }
  const posix_spawn_file_actions_t* all() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

/// Starts gnuplot, waits, and returns its status as waitpid() gives it.
int run(std::FILE* script, std::FILE* picture, std::FILE* messages) {
  FileActions actions;
  actions.redirect(script, STDIN_FILENO);
  actions.redirect(picture, STDOUT_FILENO);
  actions.redirect(messages, STDERR_FILENO);
  std::string name = "gnuplot";
  std::string no_start_up_files = "-d";
  std::string from_standard_input = "-";
  std::array<char*, 4> arguments{
      name.data(), no_start_up_files.data(), from_standard_input.data(), nullptr};
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, name.c_str(), actions.all(), nullptr, arguments.data(), environ);
  if (error == ENOENT || error == EACCES || error == ENOTDIR)
    throw Error(
        "gnuplot: the program that draws is not installed, or not in PATH; install it: apt-get "
        "install gnuplot-nox");
  if (error != 0) fail("cannot be started", error);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail("cannot be waited for", errno);
  return status;
}

}  // namespace

void draw_with_gnuplot(const std::string& script, const std::filesystem::path& file) {
  const Stream input = file_of(script);
  const Stream messages = unnamed_file();
  AtomicFile whole(file);
  Stream picture(std::fopen(whole.partial().c_str(), "wbe"));
  if (!picture) whole.fail("write the picture", std::generic_category().message(errno));
  const int status = run(input.get(), picture.get(), messages.get());
  picture.reset();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw Error(fmt::format("gnuplot: failed to draw {}: {}; expected gnuplot 5 or newer",
                            file.string(),
                            text_of(messages.get())));
  if (std::filesystem::file_size(whole.partial()) == 0)
    throw Error(
        fmt::format("gnuplot: drew nothing for {}: {}", file.string(), text_of(messages.get())));
  whole.commit();
}

}  // namespace spiketape::apps
