#include "apps/gnuplot.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "apps/picture.hpp"
#include "core/error.hpp"
#include "tests/apps/small_run.hpp"

using namespace spiketape;
using namespace spiketape::apps;

namespace {

namespace fs = std::filesystem;

/// Another PATH while it lives.
class SearchPath {
 public:
  explicit SearchPath(const std::string& path) : old_(std::getenv("PATH")) {
    setenv("PATH", path.c_str(), 1);
  }
  ~SearchPath() { setenv("PATH", old_.c_str(), 1); }
  SearchPath(const SearchPath&) = delete;
  SearchPath& operator=(const SearchPath&) = delete;

 private:
  std::string old_;
};

void write_text(const std::string& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

/// A folder in which `gnuplot` is a shell script.
void make_gnuplot(const std::string& folder, const std::string& commands) {
  fs::create_directories(folder);
  write_text(folder + "/gnuplot", "#!/bin/sh\n" + commands + "\n");
  fs::permissions(folder + "/gnuplot", fs::perms::owner_all);
}

Picture full_picture() {
  Picture picture;
  picture.title = "it's <a> & `b` \"c\"\nsystem('touch here')";
  picture.steps = 3;
  picture.rasters = {
      {.title = "input", .unit = "unit", .units = 2, .spikes = {{0, 1}}, .active = {}},
      {.title = "silent", .unit = "neuron", .units = 2, .spikes = {}, .active = {}},
      {.title = "busy", .unit = "neuron", .units = 1, .spikes = {{1, 0}}, .active = {{1, 0}}}};
  picture.membranes = {
      {.title = "n", .threshold = 1.0, .window = 0.2, .membrane = {0.0f, 1.5f, 0.5f}},
      {.title = "rests", .threshold = 1.0, .window = 0.2, .membrane = {0.0f, 0.0f, 0.0f}}};
  picture.readouts = {{.title = "r", .answer = 0, .label = 0, .traces = {{0.0f, 0.0f, 0.0f}}}};
  return picture;
}

}  // namespace

TEST_CASE("a picture with every kind of panel is drawn in each format") {
  const TemporaryFolder folder;
  const auto draw = [&](const std::string& name) {
    const std::string file = folder / name;
    draw_with_gnuplot(gnuplot_script(full_picture(), picture_format(file)), file);
    CHECK(!fs::exists(file + ".partial"));
    return read_text(file);
  };
  const std::string svg = draw("a.svg");
  CHECK(svg.find("<svg") != std::string::npos);
  CHECK(svg.find("it's &lt;a> &amp; `b` \"c\" system('touch here')") != std::string::npos);
  CHECK(svg.find("</svg>") != std::string::npos);
  CHECK(draw("b.svg") == svg);
  CHECK(draw("a.png").starts_with("\x89PNG"));
  CHECK(draw("a.pdf").starts_with("%PDF"));
  CHECK(!fs::exists("here"));
}

TEST_CASE("a gnuplot that is not there is an error that names the package") {
  const TemporaryFolder folder;
  const SearchPath nowhere(folder / "none");
  CHECK_THROWS_WITH_AS(draw_with_gnuplot("", folder / "a.svg"),
                       doctest::Contains("apt-get install gnuplot-nox"),
                       Error);
  CHECK(!fs::exists(folder / "a.svg"));
  CHECK(!fs::exists(folder / "a.svg.partial"));
}

TEST_CASE("a gnuplot that fails half way leaves the old file, and its message is told") {
  const TemporaryFolder folder;
  write_text(folder / "a.svg", "old");
  make_gnuplot(folder / "bin", "echo half; echo 'no such terminal' >&2; exit 3");
  const SearchPath path(folder / "bin");
  CHECK_THROWS_WITH_AS(
      draw_with_gnuplot("", folder / "a.svg"), doctest::Contains("no such terminal"), Error);
  CHECK(read_text(folder / "a.svg") == "old");
  CHECK(!fs::exists(folder / "a.svg.partial"));
}

TEST_CASE("a gnuplot that is killed or draws nothing is an error") {
  const TemporaryFolder folder;
  make_gnuplot(folder / "killed", "echo half; kill -9 $$");
  make_gnuplot(folder / "silent", "exit 0");
  {
    const SearchPath path(folder / "killed");
    CHECK_THROWS_WITH_AS(
        draw_with_gnuplot("", folder / "a.svg"), doctest::Contains("no message"), Error);
  }
  const SearchPath path(folder / "silent");
  CHECK_THROWS_WITH_AS(
      draw_with_gnuplot("", folder / "a.svg"), doctest::Contains("drew nothing"), Error);
  CHECK(!fs::exists(folder / "a.svg"));
  CHECK(!fs::exists(folder / "a.svg.partial"));
}

TEST_CASE("a script that gnuplot does not understand is an error with its complaint") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(draw_with_gnuplot("plot nonsense(\n", folder / "a.svg"),
                       doctest::Contains("invalid expression"),
                       Error);
}

TEST_CASE("a picture for a folder that does not exist is an error that names the file") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(draw_with_gnuplot("", folder / "none/a.svg"),
                       doctest::Contains("none/a.svg: cannot write it: No such file"),
                       DataError);
}
