// Runs the program itself: what only the command line can do wrong.
#include <array>
#include <cstdio>
#include <string>

#include <sys/wait.h>

#include <doctest/doctest.h>

#include "tests/apps/small_run.hpp"

using namespace spiketape::apps;

namespace {

struct Outcome {
  int status = -1;
  std::string text;  ///< both streams
};

Outcome run(const std::string& arguments) {
  Outcome outcome;
  const std::string command = std::string(SPIKETAPE_PROGRAM) + " " + arguments + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer{};
  while (fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr) {
    outcome.text += buffer.data();
  }
  outcome.status = WEXITSTATUS(pclose(pipe));
  return outcome;
}

const std::string kSmall =
    "train randman --classes 3 --units 20 --steps 20 --train-samples 60 --test-samples 30 "
    "--hidden 12,9 --batch 16 --epochs 2 --lr 1e-2 --validation 0.2 --calibrate 3 ";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the program trains, evaluates and describes a run") {
  const TemporaryFolder folder;
  const std::string a = folder / "a";
  const Outcome trained = run(kSmall + "--bias --reset-gradient=false --out " + a);
  CHECK(trained.status == 0);
  CHECK(contains(trained.text, "epoch   2/2"));
  CHECK(contains(trained.text, "test accuracy"));
  CHECK(contains(read_text(a + "/config.toml"), "\nbias = true\n"));
  CHECK(contains(read_text(a + "/config.toml"), "\nreset_gradient = false\n"));
  const Outcome evaluated = run("eval " + a + " --json -");
  CHECK(evaluated.status == 0);
  CHECK(nlohmann::json::parse(evaluated.text)["samples"] == 30);
  CHECK(run("info " + a).status == 0);
  CHECK(run("info").status == 0);
}

TEST_CASE("verify goes on after a file that is no case, and fails in the end") {
  const std::string golden = std::string(SPIKETAPE_TESTS_DIR) + "/golden/";
  const Outcome outcome = run("verify /nowhere.h5 " + golden + "ff_max.h5");
  CHECK(outcome.status == 1);
  CHECK(contains(outcome.text, "/nowhere.h5\n  FAIL: "));
  CHECK(contains(outcome.text, "1 of 2 cases pass"));
}

TEST_CASE("bench refuses numbers that make no sense before it starts") {
  for (const char* wrong : {"--threads -1", "--threads 100000", "--batch 0", "--repeats 0"}) {
    CAPTURE(wrong);
    const Outcome outcome = run(std::string("bench fmnist ") + wrong);
    CHECK(outcome.status == 1);
    CHECK(contains(outcome.text, "expected"));
  }
}

TEST_CASE("the exit status is 1 when a task fails and 2 when the command line is wrong") {
  const TemporaryFolder folder;
  const Outcome missing =
      run("train fmnist --data " + (folder / "none") + " --out " + (folder / "a"));
  CHECK(missing.status == 1);
  CHECK(missing.text.starts_with("error: "));
  for (const char* wrong : {"train randman --wrong 3",
                            "train randman --lr fast",
                            "train mnist",
                            "train",
                            "train randman --data /x",
                            "eval",
                            "nothing",
                            ""}) {
    CAPTURE(wrong);
    const Outcome outcome = run(wrong);
    CHECK(outcome.status == 2);
    CHECK(outcome.text.starts_with("error: "));
  }
  CHECK(run("--help").status == 0);
  CHECK(contains(run("train --help").text, "--reset-gradient"));
}
