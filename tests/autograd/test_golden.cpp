#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <H5Cpp.h>
#include <CLI/CLI.hpp>

#include "apps/verify.hpp"
#include "core/error.hpp"

// The engine against float64 references by PyTorch (tests/golden, made by oracle.py), through
// `spiketape verify`.
using namespace spiketape;
using apps::CaseReport;
using apps::verify_case;
namespace fs = std::filesystem;

namespace {

const fs::path kGolden = fs::path(SPIKETAPE_TESTS_DIR) / "golden";

std::vector<std::string> golden_cases() {
  std::vector<std::string> cases;
  for (const auto& entry : fs::directory_iterator(kGolden))
    if (entry.path().extension() == ".h5") cases.push_back(entry.path().string());
  std::sort(cases.begin(), cases.end());
  return cases;
}

void check_all(Device device, SynapsePath path, double tolerance = apps::kVerifyTolerance) {
  CAPTURE(to_string(device));
  const std::vector<std::string> cases = golden_cases();
  REQUIRE(cases.size() >= 22);
  for (const std::string& file : cases) {
    const CaseReport report = verify_case(file, path, device);
    INFO(to_text(report));
    CHECK(report.worst().error <= tolerance);
  }
}

/// A copy of a golden case to spoil, removed at the end.
struct SpoiltCase {
  fs::path path;

  explicit SpoiltCase(const std::string& name)
      : path(fs::temp_directory_path() / ("spiketape_spoilt_" + name + ".h5")) {
    fs::copy_file(kGolden / (name + ".h5"), path, fs::copy_options::overwrite_existing);
  }
  ~SpoiltCase() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
  SpoiltCase(const SpoiltCase&) = delete;
  SpoiltCase& operator=(const SpoiltCase&) = delete;

  void remove(const std::string& item) const {
    H5::H5File(path.string(), H5F_ACC_RDWR).unlink(item);
  }
  /// Adds `change` to the first value of a data set.
  void shift(const std::string& item, double change) const {
    const H5::H5File file(path.string(), H5F_ACC_RDWR);
    const H5::DataSet data = file.openDataSet(item);
    std::vector<double> values(static_cast<std::size_t>(data.getSpace().getSimpleExtentNpoints()));
    data.read(values.data(), H5::PredType::NATIVE_DOUBLE);
    values.at(0) += change;
    data.write(values.data(), H5::PredType::NATIVE_DOUBLE);
  }
};

const apps::VerifiedQuantity& quantity(const CaseReport& report, const std::string& name) {
  const auto found = std::find_if(report.quantities.begin(),
                                  report.quantities.end(),
                                  [&](const auto& q) { return q.name == name; });
  REQUIRE(found != report.quantities.end());
  return *found;
}

}  // namespace

TEST_CASE("every golden case is met on the event path of every device") {
  for (const Device device : available_devices()) check_all(device, SynapsePath::event);
}
// A matrix product sums in float32, and beta = 100 magnifies the rounding of a membrane 200 times.
TEST_CASE("every golden case is met on the GEMM path, as closely as float32 sums allow") {
  for (const Device device : available_devices()) check_all(device, SynapsePath::gemm, 5e-5);
}
TEST_CASE("every golden case is met by the libraries' products of a card") {
  for (const Device device : available_devices()) {
    if (device == kCpu) continue;
    check_all(device, SynapsePath::cusparse, 5e-5);
    check_all(device, SynapsePath::cublas, 5e-5);
  }
}
TEST_CASE("every golden case is met on the path that density chooses") {
  for (const Device device : available_devices()) check_all(device, SynapsePath::automatic);
}

TEST_CASE("verify compares every quantity of a case") {
  const CaseReport report = verify_case((kGolden / "recurrent2.h5").string());
  for (const char* name : {"loss",
                           "cross entropy",
                           "scores",
                           "readout trace",
                           "layer 0 spikes",
                           "layer 0 active set",
                           "layer 0 grad_spike",
                           "grad_w0",
                           "grad_w_rec0",
                           "layer 1 spikes",
                           "layer 1 active set",
                           "layer 1 grad_spike",
                           "grad_w1",
                           "grad_w_rec1",
                           "grad_w2"})
    CHECK(quantity(report, name).passed());
  CHECK(report.quantities.size() == 15);
}

TEST_CASE("verify finds a gradient, a score or a spike that differs") {
  for (const char* item : {"grad_w0", "grad_w1", "grad_w2", "scores", "loss"}) {
    CAPTURE(item);
    const SpoiltCase spoilt("ff_max");
    spoilt.shift(item, 0.01);
    const CaseReport report = verify_case(spoilt.path.string());
    CHECK_FALSE(report.passed());
    CHECK(report.worst().name == item);
    CHECK(report.worst().error > 1e-5);
  }
  const SpoiltCase spikes("ff_max");
  spikes.shift("layer0/spike_events", 1.0);
  const CaseReport report = verify_case(spikes.path.string());
  CHECK_FALSE(quantity(report, "layer 0 spikes").passed());
  CHECK(quantity(report, "layer 0 active set").passed());
  CHECK(to_text(report).find("first difference") != std::string::npos);
}

TEST_CASE("a reference of zeros must be met exactly") {
  CHECK(verify_case((kGolden / "silent.h5").string()).passed());
  const SpoiltCase spoilt("silent");
  spoilt.shift("grad_w0", 1e-30);
  CHECK_FALSE(verify_case(spoilt.path.string()).passed());
}

TEST_CASE("a file that is no case is an error that says why") {
  const auto refuse = [](const std::string& path, const char* words) {
    CHECK_THROWS_WITH_AS(verify_case(path), doctest::Contains(words), DataError);
  };
  refuse((kGolden / "nowhere.h5").string(), "no such file");
  refuse(SPIKETAPE_TESTS_DIR "/main.cpp", "not an HDF5 file");
  refuse(kGolden.string(), "no such file");
  for (const char* item : {"w0", "labels", "input_events", "loss"}) {
    const SpoiltCase spoilt("one_hidden");
    spoilt.remove(item);
    refuse(spoilt.path.string(), item);
    refuse(spoilt.path.string(), "oracle.py");
  }
  for (const char* item : {"grad_w1", "readout", "layer0/active"}) {
    const SpoiltCase spoilt("one_hidden");
    spoilt.remove(item);
    refuse(spoilt.path.string(), item);
  }
}

TEST_CASE("a case whose parts do not fit together is an error that names the part") {
  {
    const SpoiltCase spoilt("one_hidden");
    spoilt.shift("input_events", 1000.0);
    CHECK_THROWS_WITH_AS(
        verify_case(spoilt.path.string()), doctest::Contains("sample 1000"), DataError);
  }
  {
    const SpoiltCase spoilt("one_hidden");
    spoilt.shift("labels", 100.0);
    CHECK_THROWS_AS(verify_case(spoilt.path.string()), Error);
  }
  {
    const SpoiltCase spoilt("one_hidden");
    H5::H5File(spoilt.path.string(), H5F_ACC_RDWR).move("grad_w0", "aside");
    H5::H5File(spoilt.path.string(), H5F_ACC_RDWR).move("grad_w1", "grad_w0");
    CHECK_THROWS_WITH_AS(
        verify_case(spoilt.path.string()), doctest::Contains("'grad_w0' is [9, 3]"), DataError);
  }
}

TEST_CASE("a file cut short is an error that names it") {
  const SpoiltCase spoilt("ff_max");
  fs::resize_file(spoilt.path, fs::file_size(spoilt.path) / 2);
  CHECK_THROWS_WITH_AS(verify_case(spoilt.path.string()), doctest::Contains("ff_max"), DataError);
}

TEST_CASE("the command ends with status 1 when a case does not pass") {
  const SpoiltCase spoilt("ff_max");
  spoilt.shift("grad_w0", 0.01);
  const auto run = [](const std::string& arguments) {
    CLI::App app;
    apps::add_verify(app);
    app.parse(arguments);
  };
  CHECK_NOTHROW(run("verify --path gemm --device cpu " + (kGolden / "silent.h5").string()));
  CHECK_THROWS_AS(run("verify --device gpu x.h5"), BackendError);
  CHECK_THROWS_AS(run("verify " + spoilt.path.string()), CLI::RuntimeError);
  CHECK_THROWS_AS(run("verify"), CLI::RequiredError);
  CHECK_THROWS_AS(run("verify --path fast x.h5"), CLI::ValidationError);
}
