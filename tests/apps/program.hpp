#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/apps/small_run.hpp"

namespace spiketape::apps {

/// `spiketape ARGUMENTS` on its own, with both streams in a file.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), SPIKETAPE_PROGRAM);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::string out = folder_ / "out";
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT, 0644);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    REQUIRE(posix_spawn(&id_, SPIKETAPE_PROGRAM, &actions, nullptr, pointers.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Program() { wait(); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t id() const { return id_; }
  /// Its exit status, -1 when a signal ended it.
  int wait() {
    int status = 0;
    if (!waited_) waitpid(id_, &status, 0);
    if (!waited_) exit_status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    waited_ = true;
    return exit_status_;
  }
  /// Whether it runs still.
  bool runs() {
    siginfo_t info{};
    return !waited_ &&
           waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
  }
  std::string text() { return (wait(), read_text(folder_ / "out")); }

 private:
  TemporaryFolder folder_{};
  pid_t id_ = -1;
  bool waited_ = false;
  int exit_status_ = -1;
};

}  // namespace spiketape::apps
