#include "apps/picture.hpp"

#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "core/error.hpp"

using namespace spiketape;
using namespace spiketape::apps;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

bool contains(const std::string& text, const std::string& part) { return count(text, part) > 0; }

Picture small_picture() {
  Picture picture;
  picture.title = "a title";
  picture.steps = 10;
  picture.rasters = {{.title = "input",
                      .unit = "unit",
                      .units = 4,
                      .spikes = {{0, 1}, {1, 1}, {1, 3}, {5, 1}},
                      .active = {}}};
  return picture;
}

}  // namespace

TEST_CASE("the ending of the file says what kind of picture it is") {
  CHECK(picture_format("a.svg") == PictureFormat::svg);
  CHECK(picture_format("a.b/c.png") == PictureFormat::png);
  CHECK(picture_format("c.pdf") == PictureFormat::pdf);
  for (const char* wrong : {"a.jpg", "a", "svg", ".svg", "a.svg.", ""})
    CHECK_THROWS_WITH_AS(
        picture_format(wrong), doctest::Contains("ends in .svg, .png or .pdf"), Error);
}

TEST_CASE("an event is a dash as long as its step, and dashes that meet become one") {
  const std::string script = gnuplot_script(small_picture(), PictureFormat::svg);
  CHECK(contains(script, "0 1\n2 1\n\n5 1\n6 1\n\n1 3\n2 3\n\nEND"));
  CHECK(contains(script, "set xrange [0:10]"));
  CHECK(contains(script, "'a title'"));
  CHECK(script == gnuplot_script(small_picture(), PictureFormat::svg));
}

TEST_CASE("repeats of an event are one dash") {
  Picture picture = small_picture();
  picture.rasters[0].spikes = {{3, 2}, {3, 2}, {3, 2}};
  CHECK(contains(gnuplot_script(picture, PictureFormat::png), "<< END\n3 2\n4 2\n\nEND"));
}

TEST_CASE("titles reach gnuplot as text, whatever they hold") {
  Picture picture = small_picture();
  picture.title = "it's `date` \"x\\\" @a\nsystem('touch x')\n# $b";
  const std::string script = gnuplot_script(picture, PictureFormat::svg);
  CHECK(contains(script, "'it''s `date` \"x\\\" @a system(''touch x'') # $b'"));
}

TEST_CASE("a raster without events is drawn as an empty frame") {
  Picture picture = small_picture();
  picture.rasters[0].spikes.clear();
  const std::string script = gnuplot_script(picture, PictureFormat::svg);
  CHECK(contains(script, "plot NaN notitle\n"));
}

TEST_CASE("a membrane is shaded in the window, and everywhere when the window is infinite") {
  Picture picture = small_picture();
  picture.membranes = {
      {.title = "n", .threshold = 1.0, .window = 0.25, .membrane = {0.0f, 1.5f, 0.5f}}};
  picture.readouts = {{.title = "r", .answer = 1, .label = 0, .traces = {{0.0f}, {1.0f}, {2.0f}}}};
  const std::string script = gnuplot_script(picture, PictureFormat::pdf);
  CHECK(contains(script, "graph 0,first 0.75 to graph 1,first 1.25"));
  CHECK(contains(script, "$fired << END\n1.5 1.5\nEND"));
  CHECK(contains(script, "title 'answer 1'"));
  CHECK(contains(script, "title 'class 0'"));
  CHECK(contains(script, "title 'others'"));
  picture.membranes[0].window = std::numeric_limits<double>::infinity();
  CHECK(
      contains(gnuplot_script(picture, PictureFormat::svg), "graph 0,graph 0 to graph 1,graph 1"));
}

TEST_CASE("a membrane that never fires has no list of spikes to draw") {
  Picture picture = small_picture();
  picture.membranes = {{.title = "n", .threshold = 1.0, .window = 0.2, .membrane = {0.0f, 0.5f}}};
  CHECK(!contains(gnuplot_script(picture, PictureFormat::svg), "$fired using"));
}
