#include "apps/bench.hpp"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <CLI/CLI.hpp>

#include "apps/device_timer.hpp"
#include "core/error.hpp"
#include "tests/apps/small_run.hpp"

using namespace spiketape;
using namespace spiketape::apps;

namespace {

constexpr BenchShape kTiny = {"tiny", 20, 3, 10, 1e-3, 10e-3, 40.0, false, 4.5f, 1.0f};

void run_bench_with(const std::string& arguments) {
  CLI::App app;
  add_bench(app);
  app.parse("bench " + arguments);
}

}  // namespace

TEST_CASE("a bench on any device counts the same work, and measures what it holds") {
  const BenchResult on_cpu = bench(kTiny, {.hidden = 9, .batch = 4, .repeats = 1});
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    const BenchResult result =
        bench(kTiny, {.hidden = 9, .batch = 4, .device = device, .repeats = 1});
    CHECK(result.times.forward > 0.0);
    CHECK(result.times.backward > 0.0);
    CHECK(result.times.update > 0.0);
    CHECK(result.times.step >= result.times.forward);
    CHECK(result.dense_times.step > 0.0);
    CHECK(result.tape_bytes > 0);
    CHECK(result.device_peak_bytes > result.tape_bytes);
    CHECK(result.dense_device_peak_bytes > result.tape_bytes);
    CHECK(result.macs > 0.0);
    CHECK(result.dense_macs == on_cpu.dense_macs);
    CHECK(result.spikes_percent.size() == 2);
    CHECK(result.spikes_percent[0] == doctest::Approx(on_cpu.spikes_percent[0]).epsilon(0.2));
  }
}

TEST_CASE("a timer gives the time from each mark to the next, and starts anew") {
  for (const Device device : available_devices()) {
    CAPTURE(to_string(device));
    DeviceTimer timer(device);
    CHECK(timer.take().empty());
    timer.mark();
    timer.mark();
    timer.mark();
    CHECK(timer.take().size() == 2);
    timer.mark();
    CHECK(timer.take().empty());
  }
}

TEST_CASE("bench refuses a device, a path or a file for its figures before it measures") {
  CHECK_THROWS_AS(run_bench_with("--device gpu"), BackendError);
  CHECK_THROWS_AS(run_bench_with("--device cuda:4096"), BackendError);
  CHECK_THROWS_AS(run_bench_with("--path fast"), Error);
  // Measured, all shapes would take a minute; a million repeats would take a day.
  CHECK_THROWS_WITH_AS(run_bench_with("--repeats 1000000 --json /nowhere/a.json"),
                       doctest::Contains("/nowhere/a.json"),
                       DataError);
}

TEST_CASE("the figures of a bench name the device") {
  const TemporaryFolder folder;
  run_bench_with("fmnist --hidden 8 --batch 2 --repeats 1 --json " + (folder / "a.json"));
  const auto json = nlohmann::json::parse(read_text(folder / "a.json"));
  REQUIRE(json.size() == 1);
  CHECK(json[0]["device"] == "cpu");
  CHECK(json[0]["config"] == "fmnist");
  CHECK(json[0]["device_peak_bytes"].get<double>() > 0.0);
  CHECK(json[0]["device_peak_ratio"].get<double>() < 1.0);
  CHECK_FALSE(std::filesystem::exists(folder / "a.json.partial"));
}
