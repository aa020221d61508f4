// Tables of paths: measured, written, read back and followed. The file names its device, so a
// hand-written one for "cpu" shows the reader's errors in every build.
#include "apps/bench_paths.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <CLI/CLI.hpp>

#include "apps/bench.hpp"
#include "apps/path_table_file.hpp"
#include "core/error.hpp"
#include "tests/apps/small_run.hpp"

using namespace spiketape;
using namespace spiketape::apps;

namespace {

/// The built-in table and mode come back at its end.
struct Restored {
  Restored() = default;
  ~Restored() {
    set_path_table(reckoned_path_table());
    set_deterministic(false);
  }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;
};

MeasuredPaths by_hand(const std::string& device) {
  MeasuredPaths measured{device, false, {}, {}};
  measured.rows = {{10,
                    0.01,
                    {{SynapsePath::event, 1.0, 0.5, 4.0},
                     {SynapsePath::cusparse, 1.0, 3.0, 2.0},
                     {SynapsePath::cublas, 1.0, 9.0, 3.0}}},
                   {200,
                    0.5,
                    {{SynapsePath::event, 1.0, 5.0, 2.0},
                     {SynapsePath::cusparse, 1.0, 3.0, 2.0},
                     {SynapsePath::cublas, 1.0, 1.0, 2.0}}}};
  return measured;
}

std::string write(const std::string& file, const nlohmann::ordered_json& json) {
  std::ofstream(file) << json.dump(1);
  return file;
}

/// Runs `spiketape bench` with these arguments.
void run_bench_with(const std::string& arguments) {
  CLI::App app;
  add_bench(app);
  app.parse("bench " + arguments);
}

std::vector<std::string> cards() {
  std::vector<std::string> names;
  for (const Device device : available_devices())
    if (device != kCpu) names.push_back(to_string(device));
  return names;
}

}  // namespace

TEST_CASE("the fastest path of a row is told for each verb, the first of equals") {
  const MeasuredPaths measured = by_hand("cpu");
  CHECK(fastest(measured.rows[0], &PathTimes::scatter) == SynapsePath::event);
  CHECK(fastest(measured.rows[0], &PathTimes::sample) == SynapsePath::cusparse);
  CHECK(fastest(measured.rows[1], &PathTimes::scatter) == SynapsePath::cublas);
  CHECK(fastest(measured.rows[1], &PathTimes::sample) == SynapsePath::event);
  CHECK(path_line(measured.rows[0]).ends_with("| event, cusparse\n"));
}

TEST_CASE("a table that was written is read back as the fastest paths") {
  const TemporaryFolder folder;
  const std::string file = write(folder / "a.json", to_json(by_hand("cpu")));
  const PathTable table = read_path_table(file, kCpu);
  CHECK(table.least_weights == 0);
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0].width == 10);
  CHECK(table.rows[0].density == 0.01);
  CHECK(table.rows[0].scatter == SynapsePath::event);
  CHECK(table.rows[0].sample == SynapsePath::cusparse);
  CHECK(table.rows[1].width == 200);
  CHECK(table.rows[1].scatter == SynapsePath::cublas);
  CHECK(table.rows[1].sample == SynapsePath::event);
}

TEST_CASE("a file that is no table of this card is an error that names file, row and rule") {
  const Restored restored;
  const TemporaryFolder folder;
  const auto refused = [&](const nlohmann::ordered_json& json, const std::string& words) {
    CAPTURE(words);
    const std::string file = write(folder / "a.json", json);
    CHECK_THROWS_WITH_AS(
        read_path_table(file, kCpu), doctest::Contains((file + ": " + words).c_str()), DataError);
  };
  using Pointer = nlohmann::ordered_json::json_pointer;
  const auto with = [](const char* place, const nlohmann::ordered_json& value) {
    nlohmann::ordered_json json = to_json(by_hand("cpu"));
    json[Pointer(place)] = value;
    return json;
  };
  CHECK_THROWS_WITH_AS(read_path_table(folder / "none.json", kCpu),
                       doctest::Contains("none.json: cannot be opened"),
                       DataError);
  std::ofstream(folder / "text.json") << "{ no json";
  CHECK_THROWS_WITH_AS(read_path_table(folder / "text.json", kCpu),
                       doctest::Contains("text.json: is no table of paths: "),
                       DataError);
  refused(nlohmann::ordered_json::array(), "is no table of paths: expected kind 'spiketape paths'");
  refused(with("/kind", "paths"), "is no table of paths");
  refused(with("/device", "Tesla"), "was measured on \"Tesla\", but cpu is cpu; measure one here");
  refused(with("/deterministic", true), "was measured with --deterministic, but is used without");
  refused(with("/rows", 3), "rows: expected a list of at least one");
  refused(with("/rows", nlohmann::ordered_json::array()), "rows: expected a list of at least one");
  refused(with("/rows/1", 3), "row 1: expected 'width'");
  refused(with("/rows/1/width", 2.5), "row 1, width: expected a whole number from 1 to 65536");
  refused(with("/rows/1/width", 0), "row 1, width: expected a whole number");
  refused(with("/rows/1/density", 0), "row 1, density: expected more than 0, got 0");
  refused(with("/rows/1/density", "x"), "row 1, density: expected a number, got \"x\"");
  refused(with("/rows/0/scatter_ms", nlohmann::ordered_json::object()),
          "row 0, scatter_ms: expected the milliseconds of each path, got {}");
  refused(with("/rows/0/sample_ms/fast", 1),
          "row 0, sample_ms: expected event, cusparse or cublas, "
          "got 'fast'");
  refused(with("/rows/0/sample_ms/event", nullptr), "row 0, sample_ms, event: expected a number");
  refused(with("/rows/0/sample_ms/event", -1), "row 0, sample_ms, event: expected 0 or more");
  nlohmann::ordered_json json = to_json(by_hand("cpu"));
  json["rows"][0].erase("sample_ms");
  refused(json, "row 0: expected 'sample_ms'");
  set_deterministic(true);
  refused(to_json(by_hand("cpu")), "was measured without --deterministic, but is used with it");
}

TEST_CASE("bench measures every path of a device over its grid") {
  const PathGrid grid{.batch = 2,
                      .repeats = 1,
                      .inputs = 30,
                      .steps = 5,
                      .widths = {8, 40},
                      .percents = {5.0, 50.0}};
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    std::size_t reported = 0;
    const MeasuredPaths measured =
        bench_paths(device, grid, [&](const PathMeasurement&) { ++reported; });
    CHECK(measured.device == table_device(device));
    REQUIRE(measured.rows.size() == 4);
    CHECK(reported == 4);
    CHECK(measured.rows[3].width == 40);
    CHECK(measured.rows[3].density == doctest::Approx(0.5).epsilon(0.2));
    for (const PathMeasurement& row : measured.rows) {
      REQUIRE(row.times.size() == paths_of(device).size());
      for (const PathTimes& times : row.times) {
        CHECK(times.forward > 0.0);
        CHECK(times.scatter > 0.0);
        CHECK(times.sample > 0.0);
      }
    }
  }
  CHECK_THROWS_WITH_AS(
      bench_paths(kCpu, {.widths = {0}}), doctest::Contains("--widths: expected"), Error);
  CHECK_THROWS_WITH_AS(
      bench_paths(kCpu, {.percents = {}}), doctest::Contains("--densities: expected"), Error);
}

TEST_CASE("what bench --paths writes for a card is what --path-table follows there") {
  const Restored restored;
  const TemporaryFolder folder;
  for (const std::string& card : cards()) {
    CAPTURE(card);
    const std::string file = folder / "paths.json";
    run_bench_with("--paths --device " + card +
                   " --batch 1 --repeats 1 --widths 8 --densities 0.5,2 --json " + file);
    const PathTable table = read_path_table(file, parse_device(card));
    CHECK(table.rows.size() == 2);
    run_bench_with("fmnist --no-dense --hidden 8 --batch 1 --repeats 1 --device " + card +
                   " --path-table " + file);
    REQUIRE(path_table()->rows.size() == 2);
    CHECK(path_table()->rows[1].scatter == table.rows[1].scatter);
    run_bench_with("fmnist --no-dense --hidden 8 --batch 1 --repeats 1 --device " + card);
    CHECK(path_table()->least_weights == reckoned_path_table().least_weights);
  }
}

TEST_CASE("a run on a card follows the table that it names, wherever it is resumed") {
  const Restored restored;
  const TemporaryFolder folder;
  for (const std::string& card : cards()) {
    CAPTURE(card);
    const std::string file = folder / "paths.json";
    write(file, to_json(by_hand(table_device(parse_device(card)))));
    const std::string run = folder / "run";
    train(small_run(run, {{"device", card}, {"path_table", file}, {"epochs", "1"}}));
    CHECK(path_table()->rows.size() == 2);
    CHECK(path_table()->rows[1].width == 200);
    CHECK(read_text(run + "/config.toml").find("path_table = \"" + file) != std::string::npos);
    TrainArguments resume;
    resume.out = run;
    resume.resume = true;
    resume.settings = {{"epochs", "2"}, {"path_table", ""}};
    CHECK(train(resume).finished);
    CHECK(path_table()->least_weights == reckoned_path_table().least_weights);
    write(file, to_json(by_hand("another card")));
    CHECK_THROWS_WITH_AS(train(small_run(folder / "new", {{"device", card}, {"path_table", file}})),
                         doctest::Contains("was measured on \"another card\""),
                         DataError);
  }
}

TEST_CASE("a table is for cards: bench refuses one on the CPU, training does not read it") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(run_bench_with("fmnist --path-table a.json"),
                       doctest::Contains("--path-table: is for a card"),
                       Error);
  CHECK(train(small_run(folder / "run", {{"path_table", "/nowhere/a.json"}, {"epochs", "1"}}))
            .finished);
}
