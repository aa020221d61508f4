// Runs `spiketape show` itself.
#include <array>
#include <cstdio>
#include <filesystem>
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

Outcome show(const std::string& arguments, const std::string& environment = "") {
  Outcome outcome;
  const std::string command =
      environment + " " + std::string(SPIKETAPE_PROGRAM) + " show " + arguments + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer{};
  while (fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr)
    outcome.text += buffer.data();
  outcome.status = WEXITSTATUS(pclose(pipe));
  return outcome;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the program draws a sample, with its recipe, number and class as the title") {
  const TemporaryFolder folder;
  const std::string file = folder / "x.svg";
  const Outcome outcome =
      show("randman --units 20 --steps 20 --sample 3 --part train --out " + file);
  CHECK(outcome.status == 0);
  CHECK(contains(outcome.text, "x.svg: randman, train sample 3, class 3"));
  CHECK(contains(read_text(file), "randman, train sample 3, class 3"));
  CHECK(contains(read_text(file), "input: 20 events of 20 units, 20 steps"));
}

TEST_CASE("the program draws a run, with or without its recipe, the same bytes each time") {
  const TemporaryFolder folder;
  train(small_run(folder / "a"));
  CHECK(show("--run " + (folder / "a") + " --neurons 0,5 --out " + (folder / "x.svg")).status == 0);
  CHECK(show("--run " + (folder / "a") + " --threads 1 --out " + (folder / "y.svg") +
             " --neurons 0,5 randman")
            .status == 0);
  CHECK(read_text(folder / "x.svg") == read_text(folder / "y.svg"));
  CHECK(contains(read_text(folder / "x.svg"), "fc1: neuron 5"));
}

TEST_CASE("show ends with 2 when the command line is wrong, and writes nothing") {
  const TemporaryFolder folder;
  train(small_run(folder / "a"));
  const std::string out = " --out " + (folder / "x.svg");
  for (const std::string& wrong : {std::string("randman"),
                                   "randman --sample 100000" + out,
                                   "randman --out " + (folder / "x.jpg"),
                                   "randman --part validation" + out,
                                   "mnist" + out,
                                   out,
                                   "randman --data /x" + out,
                                   "fmnist --run " + (folder / "a") + out,
                                   "--run " + (folder / "a") + " --lr 1" + out,
                                   "--run " + (folder / "a") + " --neurons 12" + out}) {
    CAPTURE(wrong);
    const Outcome outcome = show(wrong);
    CHECK(outcome.status == 2);
    CHECK(outcome.text.starts_with("error: "));
  }
  CHECK(!std::filesystem::exists(folder / "x.svg"));
  CHECK(!std::filesystem::exists(folder / "x.svg.partial"));
}

TEST_CASE("show ends with 1 when data, run or gnuplot are missing") {
  const TemporaryFolder folder;
  const std::string out = " --out " + (folder / "x.svg");
  const Outcome no_data = show("fmnist --data " + (folder / "none") + out);
  CHECK(no_data.status == 1);
  CHECK(contains(no_data.text, "none"));
  CHECK(show("--run " + (folder / "none") + out).status == 1);
  const Outcome no_gnuplot = show("randman" + out, "PATH=" + (folder / "none"));
  CHECK(no_gnuplot.status == 1);
  CHECK(contains(no_gnuplot.text, "gnuplot-nox"));
  CHECK(!std::filesystem::exists(folder / "x.svg.partial"));
}
